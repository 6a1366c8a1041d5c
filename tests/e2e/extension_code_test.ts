import assert from "node:assert/strict";
import {
  assertNothingLeft,
  ipft,
  type JsonEvent,
  options,
  ping,
  shell,
  Trace,
  workingBackends,
} from "./ipft.ts";

const backends = await workingBackends();

// kprobe and kprobe-multi run the same programs. Where both work, each tests something else.
const dropping = "kprobe";
const lifting = backends.filter((backend) =>
  backend !== dropping || !backends.includes("kprobe-multi")
);

/** An event with the text that the script's `dump` returns. */
type DumpedEvent = JsonEvent & { dump: string };

/** The `struct info` of tests/scripts/lifted.bpf.c, and the packet that it belongs to. */
function lifted({ dump, packet_id }: DumpedEvent) {
  const bytes = Uint8Array.fromHex(dump);
  const view = new DataView(bytes.buffer);
  return {
    packet: packet_id,
    events: Number(view.getBigUint64(0, true)),
    eventsOfPacket: Number(view.getBigUint64(8, true)),
    mark: view.getUint32(16, true),
    initialized: view.getUint32(20, true),
    kernelVersion: view.getUint32(24, true),
    configHz: view.getUint32(28, true),
    text: new TextDecoder().decode(bytes.subarray(32)).replace(/\0+$/, ""),
  };
}

/** 0, 1, 2, … */
function countUp(length: number): number[] {
  return Array.from({ length }, (_, i) => i);
}

Deno.test("extensions have variables, maps, functions and the kernel's configuration; they drop events", async (t) => {
  await using stack = new AsyncDisposableStack();
  const start = async (backend: string, script: string) => {
    const args = ["-m", "1234", "-o", "json", "-s", script, ...options(backend)];
    return stack.use(await Trace.start(...args));
  };
  const [dropTrace, ...liftTraces] = await Promise.all([
    start(dropping, "tests/scripts/drop.lua"),
    ...lifting.map((backend) => start(backend, "tests/scripts/lifted.lua")),
  ]);
  await ping(1234, "-c", "3", "-i", "0.2");

  const [major, minor] = Deno.osRelease().split(".").map(Number);
  const configHz = Number(await shell('sed -n s/^CONFIG_HZ=//p "/boot/config-$(uname -r)"'));
  for (const [i, backend] of lifting.entries()) {
    await t.step(`with -b ${backend}`, async () => {
      const infos = (await liftTraces[i].events() as DumpedEvent[]).map(lifted);
      assert(infos.length >= 3 * 7, `${infos.length} events`);
      assert.deepEqual(infos.map(({ events }) => events), countUp(infos.length));
      for (const [packet, ofPacket] of Map.groupBy(infos, (info) => info.packet)) {
        const counts = ofPacket.map(({ eventsOfPacket }) => eventsOfPacket - 1);
        assert.deepEqual(counts, countUp(counts.length), packet);
      }
      for (const { mark, initialized, text, ...info } of infos) {
        assert.deepEqual({ mark, initialized, text }, {
          mark: 1234,
          initialized: 42,
          text: "a string literal",
        });
        assert.equal(info.kernelVersion >>> 8, major << 8 | minor);
        assert.equal(info.configHz, configHz);
      }
    });
  }

  await t.step("dropped events are counted, and have no lines", async () => {
    const numbers = (await dropTrace.events() as DumpedEvent[]).map(({ dump }) => Number(dump));
    assert.deepEqual(numbers, countUp(numbers.length).map((i) => 2 * i));
    const summary = /^(\d+) events in .*, (\d+) dropped by the extension, none lost[.;]/m.exec(
      dropTrace.stderr,
    );
    const [delivered, dropped] = summary?.slice(1).map(Number) ?? [];
    assert.equal(delivered, numbers.length, dropTrace.stderr);
    assert(dropped === delivered || dropped === delivered - 1, `${dropped} of ${delivered}`);
  });
  await assertNothingLeft();
});

Deno.test("an extension that the verifier refuses ends ipft with the reason and the line", async () => {
  // With ftrace and all functions, ipft does not try them one after the other.
  const backend = backends.at(-1)!;
  const { code, stdout, stderr } = await ipft(
    "-m",
    "1234",
    "-s",
    "tests/scripts/refused.lua",
    "-b",
    backend,
  );
  assert.equal(code, 1);
  assert.match(
    stderr,
    /^; \*\(__u64 \*\)data = \*count \+ 1;/,
    "begins with the source line",
  );
  assert.match(stderr, /^\d+: .* r1 = \*\(u64 \*\)\(r0 \+0\)/m, "the instruction");
  assert.match(
    stderr.trimEnd().split("\n").at(-1)!,
    /^ipft: the kernel refused the extension: R0 invalid mem access 'map_value_or_null'; change /,
  );
  assert(stderr.trimEnd().split("\n").length <= 9, stderr);
  assert.equal(stdout, "fini\n");
  await assertNothingLeft();
});
