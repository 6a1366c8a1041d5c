import assert from "node:assert/strict";
import { recordWithFtrace } from "./ftrace.ts";
import { FEW, ipft, type JsonEvent, ping, shell, Trace, workingBackends } from "./ipft.ts";

const [backend] = await workingBackends();
const few = backend === "kprobe-multi" ? [] : FEW;

/** One line of the kernel's function tracer: when, in µs of CLOCK_MONOTONIC, and which function. */
interface Call {
  readonly timeUs: number;
  readonly cpu: number;
  readonly name: string;
}

/** The calls that the kernel's function tracer has printed. */
function callsIn(trace: string): Call[] {
  //   ping-321     [001] ...1.  1234.567890: ip_rcv <-__netif_receive_skb_one_core
  const lines = trace.matchAll(/ \[(\d+)\] \S+ +(\d+)\.(\d{6}): (\S+)( \[\w+\])? <-/g);
  return [...lines].map(([, cpu, seconds, micros, name]) => ({
    timeUs: Number(seconds) * 1e6 + Number(micros),
    cpu: Number(cpu),
    name,
  }));
}

/** The names of the recorded calls from the packet's first function to its last, on its CPUs. */
function callsOfPacket(calls: Call[], events: JsonEvent[]): string[] {
  const cpus = new Set(events.map((event) => event.processor_id));
  const there = calls.filter(({ cpu }) => cpus.has(cpu));
  // One hook of a function runs after the other, in an emulated guest now and then some ms later.
  const indexOf = (event: JsonEvent) => {
    const distance = ({ timeUs }: Call) => Math.abs(timeUs - event.timestamp / 1000);
    const nearest = there.filter(({ name }) => name === event.function)
      .reduce<Call | undefined>((a, b) => a && distance(a) <= distance(b) ? a : b, undefined);
    return nearest ? there.indexOf(nearest) : -1;
  };
  const first = indexOf(events[0]), last = indexOf(events.at(-1)!);
  assert(first >= 0 && last > first, `ftrace has calls ${first} to ${last}`);
  return there.slice(first, last + 1).map(({ name }) => name);
}

/** How often each name occurs, sorted. */
function count(names: string[]): [string, number][] {
  const groups = Map.groupBy(names, (name) => name);
  return [...groups].map(([name, all]): [string, number] => [name, all.length]).sort();
}

Deno.test("ipft shows what the kernel's own function tracer shows of the same packet", async () => {
  const listed = (await ipft("-l", ...few)).stdout.trimEnd().split("\n");
  const functions = new Set(listed);
  // Unanswered, the request is the only packet between its first function and its last.
  await shell("sysctl -qw net.ipv4.icmp_echo_ignore_all=1");
  let events: JsonEvent[] = [], calls: Call[] = [];
  try {
    await using trace = await Trace.start("-m", "1234", "-o", "json", "-b", backend, ...few);
    calls = callsIn(
      await recordWithFtrace("function", functions, async () => {
        await assert.rejects(ping(1234, "-c", "1", "-W", "1"));
      }),
    );
    events = await trace.events();
  } finally {
    await shell("sysctl -qw net.ipv4.icmp_echo_ignore_all=0");
  }
  assert(events.length > 5, `${events.length} events`);
  const packet = callsOfPacket(calls, events);
  assert.deepEqual(count(events.map((event) => event.function)), count(packet));
  if (backend === "kprobe-multi") assert(packet.length > 25, `${packet.length} calls`);
});
