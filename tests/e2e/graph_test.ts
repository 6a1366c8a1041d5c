import assert from "node:assert/strict";
import { attach } from "../../lib/capture/attach.ts";
import { filterCode } from "../../lib/bpf/filter_code.ts";
import { Programs } from "../../lib/bpf/programs.ts";
import { EventBatch } from "../../lib/event/batch.ts";
import { RingReader } from "../../lib/bpf/ring_reader.ts";
import { Rings } from "../../lib/bpf/rings.ts";
import { inspectKernel } from "../../lib/kernel/inspect.ts";
import { planTrace } from "../../lib/capture/plan.ts";
import { recordWithFtrace } from "./ftrace.ts";
import {
  assertNothingLeft,
  FEW,
  ipft,
  isKernel,
  type JsonEvent,
  noneLost,
  ping,
  shell,
  Trace,
  workingBackends,
} from "./ipft.ts";

const backends = (await workingBackends()).filter((backend) => backend !== "kprobe");

/** Functions for a backend: all where that is quick. */
function few(backend: string): string[] {
  return backend === "kprobe-multi" ? [] : FEW;
}

/** Calls as brackets: `ip_output(nf_hook_slow())`. Fails where a return does not fit. */
function brackets(events: readonly JsonEvent[]): string {
  const open: JsonEvent[] = [];
  let text = "";
  for (const event of events) {
    if (!event.is_return) {
      open.push(event);
      text += `${event.function}(`;
      continue;
    }
    const entry = open.pop();
    assert(entry, `${text}: a return without an entry`);
    assert.equal(event.function, entry.function, text);
    assert.equal(event.packet_id, entry.packet_id);
    assert(event.timestamp >= entry.timestamp);
    text += ")";
  }
  assert.deepEqual(open, [], "calls without a return");
  return text;
}

/** The same of what the kernel prints, for as many calls, from the first of `name` on. */
function bracketsOfFtrace(trace: string, name: string, callCount: number): string {
  let text = "", depth = 0, calls = 0, firstCpu = "";
  //   0)   1.234 us    |    nf_hook_slow();
  for (const [, cpu, call] of trace.matchAll(/^ *(\d+)\).*\| +(\S.*)$/gm)) {
    if (text === "" && call.startsWith(name)) firstCpu = cpu;
    if (cpu !== firstCpu) continue;
    if (call.startsWith("}")) {
      text += ")";
      depth--;
    } else {
      const isLeaf = call.includes(";");
      text += `${/^[^(\s]+/.exec(call)?.[0]}(${isLeaf ? ")" : ""}`;
      if (!isLeaf) depth++;
      calls++;
    }
    if (depth === 0 && calls >= callCount) break;
  }
  return text;
}

/** One echo request that nobody answers, so that there is no other packet. */
async function requestOnce(): Promise<void> {
  await assert.rejects(ping(1234, "-c", "1", "-W", "1"));
}

for (const backend of backends) {
  Deno.test(`function_graph with ${backend} nests as the kernel's own function_graph`, async () => {
    const listed = (await ipft("-l", ...few(backend))).stdout.trimEnd().split("\n");
    await shell("sysctl -qw net.ipv4.icmp_echo_ignore_all=1");
    try {
      // The first packet on a device goes through more functions than those after it.
      await requestOnce();
      // Not at once: kernels before 6.4 see no returns of functions that have fentry programs.
      const kernels = await recordWithFtrace("function_graph", new Set(listed), requestOnce);
      const args = ["-m", "1234", "-t", "function_graph", "-o", "json", "-b", backend];
      await using trace = await Trace.start(...args, ...few(backend));
      await requestOnce();
      const events = (await trace.events()).sort((a, b) => a.timestamp - b.timestamp);
      const ours = brackets(events), calls = events.length / 2;
      assert(calls >= (backend === "kprobe-multi" ? 25 : 6), ours);
      assert.equal(ours, bracketsOfFtrace(kernels, events[0].function, calls));
    } finally {
      await shell("sysctl -qw net.ipv4.icmp_echo_ignore_all=0");
    }
    await assertNothingLeft();
  });
}

Deno.test("function_graph loses none of 2,000 flood pings' calls", async () => {
  if (backends[0] !== "kprobe-multi") return;
  await using trace = await Trace.start("-m", "1234", "-t", "function_graph", "-o", "json");
  await ping(1234, "-f", "-c", "2000");
  const events = await trace.events();
  const returns = events.filter((event) => event.is_return).length;
  assert.equal(events.length, 2 * returns);
  assert(returns >= 2000 * 25, `${returns} calls`);
  assert.match(trace.stderr, new RegExp(`^${events.length} events in .*, none lost\\.$`, "m"));
});

Deno.test("function_graph with a script: its text is on the lines of entries and of returns", async () => {
  const [backend] = backends;
  const script = ["-s", "examples/lua/mark/mark.lua"];
  const args = ["-m", "1234", "-t", "function_graph", "-b", backend, ...script, ...few(backend)];
  await using trace = await Trace.start(...args);
  await ping(1234, "-c", "1");
  const { code, stdout, stderr } = await trace.stop();
  assert.equal(code, 0, stderr);
  const lines = stdout.split("\n");
  const entries = lines.filter((line) => / {2}\w[\w.]*\(\) \{ \(mark: 0x4d2\)$/.test(line));
  const returns = lines.filter((line) => / \d+\.\d{3} us +\} \(mark: 0x[0-9a-f]+\)$/.test(line));
  assert.equal(entries.length, returns.length, stdout);
  assert.match(
    stderr,
    new RegExp(`^${2 * entries.length} events in .*, ${noneLost(backend)}$`, "m"),
  );
});

/** What kernels from 5.18 to 6.9 do; ours are older or newer, but those before 6.14 can be made to. */
Deno.test("function_graph with a link for entries and one for returns", async () => {
  if (!isKernel(6, 10) || isKernel(6, 14)) return;
  const functions = { functionRegex: new RegExp(FEW[1]) };
  const kernel = await inspectKernel(() => {});
  const capabilities = { ...kernel.capabilities, kprobeSession: false };
  const plan = planTrace({ ...kernel, capabilities }, {
    tracer: "function_graph",
    backend: "kprobe-multi",
    functions,
  });
  using rings = await Rings.make(2 ** 16);
  using tracer = await Programs.load({
    ...plan,
    filter: filterCode({ mark: { value: 1234, mask: 0xffffffff } }, plan.btfIds),
    rings,
  });
  const unobserved = { attached: () => Promise.resolve(), detached: () => {} };
  using _attachment = await attach(plan, tracer, unobserved);
  using reader = new RingReader(rings, [], 0n);
  tracer.start();
  await ping(1234, "-c", "1");
  await ping(0, "-c", "1");
  tracer.stop();
  const batch = new EventBatch(1000);
  reader.read(batch);
  const { skb, timestamp, cpu, functionIndex, isReturn } = batch.columns;
  const events = Array.from({ length: batch.length }, (_, row) => ({
    packet_id: `${skb[2 * row + 1]}:${skb[2 * row]}`,
    timestamp: timestamp[row],
    processor_id: cpu[row],
    module: "vmlinux",
    function: plan.functions[functionIndex[row]].name,
    is_return: isReturn[row] === 1,
  }));
  const nested = "ip_output(dev_hard_start_xmit()ip_rcv(ip_local_deliver(icmp_rcv(";
  assert(brackets(events).startsWith(nested), brackets(events));
});
