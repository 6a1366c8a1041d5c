import assert from "node:assert/strict";
import {
  FEW,
  ipft,
  isKernel,
  type JsonEvent,
  ping,
  shell,
  Trace,
  workingBackends,
} from "./ipft.ts";

const INSTANCE = "/sys/kernel/tracing/instances/ipft-test";

const [backend] = await workingBackends();
const few = backend === "kprobe-multi" ? [] : FEW;

/** One line of the kernel's function tracer: when, in µs of CLOCK_MONOTONIC, and which function. */
interface Call {
  readonly timeUs: number;
  readonly cpu: number;
  readonly name: string;
}

/** Records with the kernel's own function tracer what it sees of `functions` meanwhile. */
async function recordWithFtrace(
  functions: string[],
  meanwhile: () => Promise<void>,
): Promise<Call[]> {
  await shell(`mkdir ${INSTANCE}`);
  try {
    await Deno.writeTextFile(`${INSTANCE}/trace_clock`, "mono");
    await Deno.writeTextFile(`${INSTANCE}/buffer_size_kb`, "16384");
    await Deno.writeTextFile(`${INSTANCE}/set_ftrace_filter`, functions.join("\n") + "\n");
    await Deno.writeTextFile(`${INSTANCE}/current_tracer`, "function");
    await meanwhile();
    await Deno.writeTextFile(`${INSTANCE}/tracing_on`, "0");
    const trace = await Deno.readTextFile(`${INSTANCE}/trace`);
    //   ping-321     [001] ...1.  1234.567890: ip_rcv <-__netif_receive_skb_one_core
    const lines = trace.matchAll(/ \[(\d+)\] \S+ +(\d+)\.(\d{6}): (\S+)( \[\w+\])? <-/g);
    return [...lines].map(([, cpu, seconds, micros, name]) => ({
      timeUs: Number(seconds) * 1e6 + Number(micros),
      cpu: Number(cpu),
      name,
    }));
  } finally {
    await Deno.writeTextFile(`${INSTANCE}/current_tracer`, "nop");
    await shell(`rmdir ${INSTANCE}`);
  }
}

function count(names: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

Deno.test("ipft shows what the kernel's own function tracer shows of the same packet", async () => {
  const listed = (await ipft("-l", ...few)).stdout.trimEnd().split("\n");
  const functions = [...new Set(listed.map((line) => line.split(" ")[0]))];
  // Unanswered, the request is the only packet between its first function and its last.
  await shell("sysctl -qw net.ipv4.icmp_echo_ignore_all=1");
  let events: JsonEvent[] = [], calls: Call[] = [];
  try {
    await using trace = await Trace.start("-m", "1234", "-o", "json", "-b", backend, ...few);
    calls = await recordWithFtrace(functions, async () => {
      await assert.rejects(ping(1234, "-c", "1", "-W", "1"));
    });
    events = await trace.events();
  } finally {
    await shell("sysctl -qw net.ipv4.icmp_echo_ignore_all=0");
  }
  assert(events.length > 5, `${events.length} events`);
  const us = (event: JsonEvent) => event.timestamp / 1000;
  const first = us(events[0]), last = us(events.at(-1)!);
  const cpus = new Set(events.map((event) => event.processor_id));
  // ftrace prints whole microseconds: at either end a call may or may not belong to the packet.
  const window = calls.filter(({ timeUs, cpu }) =>
    cpus.has(cpu) && timeUs >= first - 1 && timeUs <= last + 1
  );
  const inner = window.filter(({ timeUs }) => timeUs > first + 1 && timeUs < last - 1);
  const shown = count(events.map((event) => event.function));
  const seen = count(window.map(({ name }) => name));
  for (const [name, times] of count(inner.map(({ name }) => name))) {
    assert((shown.get(name) ?? 0) >= times, `${name}: the kernel saw ${times}`);
  }
  for (const [name, times] of shown) {
    assert((seen.get(name) ?? 0) >= times, `${name}: ipft showed ${times}`);
  }
  if (isKernel(6, 12)) assert(shown.size > 25, `${shown.size} functions`);
});
