/** Which functions are traced: those of modules that come late, and not those that cannot be hooked. */
import assert from "node:assert/strict";
import {
  assertNothingLeft,
  ipft,
  isKernel,
  type JsonEvent,
  run,
  shell,
  Trace,
  workingBackends,
} from "./ipft.ts";

const MARK = 0x2b7;
const backends = await workingBackends();

/** A bridge whose other end does not answer. */
const BRIDGE = `
  modprobe bridge; modprobe veth
  ip link add br9 type bridge; ip link add v8 type veth peer name v9
  ip link set v8 master br9
  for device in br9 v8 v9; do ip link set $device up; done
  ip address add 192.0.2.129/25 dev br9
  ip neighbour add 192.0.2.130 lladdr 02:00:00:00:00:02 dev br9`;

async function until(trace: Trace, text: string): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!trace.stderr.includes(text)) {
    assert(performance.now() < deadline, `no '${text}' in ${trace.stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Sends a marked packet over the bridge. */
async function send(): Promise<void> {
  await run("ping", "-q", "-c", "1", "-W", "0.1", "-m", String(MARK), "192.0.2.130");
}

Deno.test("functions of a module that is loaded during a trace are traced from then on", async (t) => {
  await shell(BRIDGE);
  for (const backend of backends) {
    await t.step(`with -b ${backend}`, async () => {
      await using trace = await Trace.start(
        ...["-m", String(MARK), "-o", "json", "-b", backend, "-r", "^(ip_output|br_nf_.*)$"],
      );
      await send();
      await shell("modprobe br_netfilter");
      if (!isKernel(5, 11)) {
        await until(trace, "Not traced: the functions of module br_netfilter");
      } else {
        await until(trace, "more functions, of module br_netfilter.\n");
        await send();
        // A module is in use while it is traced, or goes; then it may come again, to the same place.
        if ((await run("rmmod", "br_netfilter")).code === 0) {
          await shell("modprobe br_netfilter");
          await until(trace, trace.stderr.match(/Attached to \d+ more [^]*$/)![0].repeat(2));
          await send();
        }
      }
      const events: JsonEvent[] = await trace.events();
      const names = events.map((event) => event.function);
      assert(names.includes("ip_output"));
      const late = events.filter(({ module }) => module === "br_netfilter");
      assert.equal(late.some((event) => event.function === "br_nf_post_routing"), isKernel(5, 11));
      assert.match(trace.stderr, new RegExp(`^${events.length} events? in `, "m"));
      await shell("rmmod br_netfilter");
    });
  }
  await assertNothingLeft();
});

Deno.test("a module whose functions nobody wants is not mentioned", async () => {
  await using trace = await Trace.start(
    ...["-m", String(MARK), "-b", backends[0], "-r", "^ip_output$", "--module-regex", "^vmlinux$"],
  );
  await shell("modprobe br_netfilter; sleep 3; rmmod br_netfilter");
  assert.doesNotMatch((await trace.stop()).stderr, /br_netfilter/);
});

Deno.test("of all functions, only the one that the kernel refuses is left out and named", async () => {
  if (backends[0] !== "kprobe-multi") return;
  const traced = ["-m", String(MARK), "-d", "100ms"];
  const attached = ({ stderr }: { stderr: string }) =>
    Number(/Attached to (\d+) functions?/.exec(stderr)?.[1]);
  const all = attached(await ipft(...traced));
  // Makes ipft believe that a function is 1 byte further on.
  const cache = "/run/ipft/kernel.json";
  const text = await Deno.readTextFile(cache);
  const { key, kernel } = JSON.parse(text);
  const fn = kernel.functions.find(({ name }: { name: string }) => name === "icmp_rcv");
  fn.address = `0x${(BigInt(fn.address) + 1n).toString(16)}`;
  await Deno.writeTextFile(cache, JSON.stringify({ key, kernel }));
  try {
    const finished = await ipft(...traced);
    assert.equal(attached(finished), all - 1, finished.stderr);
    assert.match(
      finished.stderr,
      /^Not traced, because the kernel refused: icmp_rcv: E(INVAL|NOENT) /m,
    );
  } finally {
    await Deno.writeTextFile(cache, text);
  }
});

Deno.test("variants whose arguments may be elsewhere are left out, and named with -v", async () => {
  const names = (await ipft("-l")).stdout.split("\n");
  assert.deepEqual(names.filter((name) => /\.part\./.test(name)), []);
  const { stderr } = await ipft(
    "-v",
    "-m",
    "1",
    "-b",
    backends[0],
    "-r",
    "^tcp_fastopen_add_skb",
    "-d",
    "1ms",
  );
  const line = /^Not traced, because the compiler may have moved their arguments: (.*)$/m;
  assert.equal(line.exec(stderr)?.[1], "tcp_fastopen_add_skb.part.0");
});
