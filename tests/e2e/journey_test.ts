import assert from "node:assert/strict";
import {
  assertNothingLeft,
  ipftCommandLine,
  isKernel,
  type JsonEvent,
  noneLost,
  options,
  ping,
  run,
  shell,
  Trace,
  workingBackends,
} from "./ipft.ts";

const backends = await workingBackends();

/** The functions of each packet, in the order in which they were called. */
function journeys(events: JsonEvent[]): string[][] {
  const byPacket = Map.groupBy(events, (event) => event.packet_id);
  return [...byPacket.values()].map((packet) => packet.map((event) => event.function));
}

Deno.test("ipft shows marked pings from output to reception, and no others", async (t) => {
  await using stack = new AsyncDisposableStack();
  const traces = await Promise.all(backends.map(async (backend) => ({
    backend,
    trace: stack.use(await Trace.start("-m", "1234", "-o", "json", ...options(backend))),
  })));
  await ping(0, "-c", "2", "-i", "0.2");
  await ping(1234, "-c", "3", "-i", "0.2");
  await ping(1235, "-c", "1");
  for (const { backend, trace } of traces) {
    await t.step(`with -b ${backend}`, async () => {
      const events = await trace.events();
      const seen = events.map((event) => event.function);
      for (const name of ["ip_output", "ip_rcv", "ip_local_deliver", "icmp_rcv", "kfree_skbmem"]) {
        assert.equal(seen.filter((other) => other === name).length, 3, name);
      }
      assert(seen.indexOf("ip_output") < seen.indexOf("ip_rcv"));
      assert(seen.indexOf("ip_rcv") < seen.indexOf("icmp_rcv"));
      assert(events.every(({ module, is_return }) => module === "vmlinux" && is_return === false));
      const cpus = navigator.hardwareConcurrency;
      assert(events.every(({ processor_id }) => processor_id < cpus));
      assert.match(trace.stderr, new RegExp(`${events.length} events in .* ${noneLost(backend)}`));
    });
  }
  await assertNothingLeft();
});

Deno.test("ipft -b ftrace traces what it can when the kernel refuses other functions", async () => {
  // The first two are variadic: the verifier lets no fentry program attach to them.
  const regex = ["-r", "^(nf_log_packet|nf_log_trace|icmp_rcv)$"];
  await using trace = await Trace.start("-m", "1234", "-o", "json", "-b", "ftrace", ...regex);
  await ping(1234, "-c", "1");
  const events = await trace.events();
  assert(events.some((event) => event.function === "icmp_rcv"));
  assert.match(
    trace.stderr,
    /^Not traced, because the kernel refused: nf_log_packet: EINVAL .*nf_log_trace: EINVAL/m,
  );
});

Deno.test("examples/trace_ping.sh traces a ping", async () => {
  const { code, stdout, stderr } = await run("examples/trace_ping.sh", ...options(backends[0]));
  assert.equal(code, 0, stderr);
  assert.match(stdout, / vmlinux +icmp_rcv\n/);
  assert.match(stderr, new RegExp(noneLost(backends[0])));
});

Deno.test("ipft shows all of an echo request's journey, beginning with its output", async () => {
  if (!backends.includes("kprobe-multi")) return;
  await using trace = await Trace.start("-m", "1234", "-o", "json");
  await ping(1234, "-c", "1");
  const [journey, ...others] = journeys(await trace.events());
  assert.deepEqual(others, []);
  assert(journey.length > 40, `${journey.length} events`);
  const first = journey.findIndex((name) => name.startsWith("ip_"));
  assert(["ip_send_skb", "ip_output", "ip_local_out", "__ip_local_out"].includes(journey[first]));
  assert(first < 3, journey.slice(0, first).join(" "));
  for (const name of ["ip_rcv", "icmp_rcv", "ip_local_deliver", "loopback_xmit"]) {
    assert(journey.includes(name), name);
  }
});

Deno.test("ipft --mask compares only the bits of the mask", async () => {
  const few = options(backends[0]);
  await using trace = await Trace.start("-m", "0x10", "--mask", "0xf0", "-o", "json", ...few);
  await ping(0x12, "-c", "1");
  await ping(0x21, "-c", "1");
  await ping(0x110, "-c", "1");
  const events = await trace.events();
  assert.equal(events.filter((event) => event.function === "icmp_rcv").length, 2);
});

Deno.test("ipft -o stream shows events while the trace goes on", async () => {
  const output = await Deno.makeTempFile();
  const args = ["-m", "1234", "-o", "stream", ...options(backends[0])];
  const command = `exec ${ipftCommandLine(...args)} >${output}`;
  const child = new Deno.Command("bash", { args: ["-c", command], stderr: "piped" }).spawn();
  let stderr = "";
  for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
    stderr += text;
    if (!stderr.includes("Trace ready!")) continue;
    await ping(1234, "-c", "1");
    await new Promise((resolve) => setTimeout(resolve, 500));
    break;
  }
  const live = await Deno.readTextFile(output);
  child.kill("SIGINT");
  await child.status;
  assert.match(live, /^ *Timestamp +CPU +Packet +skb +Module +Function\n/);
  assert.match(live, /^ *\d+ +\d+ +\d+ +0x[0-9a-f]{16} +vmlinux +icmp_rcv$/m);
  assert.equal(await Deno.readTextFile(output), live);
});

Deno.test("ipft shows the functions of modules with their module's name", async () => {
  if (!isKernel(5, 11)) return; // no module BTF
  const rules = "table ip ipft { chain in { type filter hook input priority 0; ct state new; }; }";
  await shell(`nft '${rules}'`);
  try {
    const module = ["--module-regex", "^nf_conntrack$"];
    const all = backends[0] === "kprobe-multi" ? [] : ["-r", "^nf_conntrack_in$|^nf_confirm$"];
    await using trace = await Trace.start("-m", "1234", "-o", "json", ...module, ...all);
    await ping(1234, "-c", "1");
    const events = await trace.events();
    assert(events.every((event) => event.module === "nf_conntrack"));
    assert(events.some((event) => event.function === "nf_conntrack_in"));
  } finally {
    await shell("nft delete table ip ipft; rmmod nft_ct nf_conntrack");
  }
});
