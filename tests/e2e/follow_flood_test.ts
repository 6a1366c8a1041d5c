/**
 * Pings that follow each other as fast as they can, from one namespace to another: skbs and their addresses are used
 * again at once. The kernel's own dynamic events say which calls there were with the skb of each address.
 */
import assert from "node:assert/strict";
import { backendGaps } from "../../lib/bpf/attach/backends.ts";
import { TRACERS } from "../../lib/event/trace_header.ts";
import { inspectKernel } from "../../lib/kernel/inspect.ts";
import {
  type Functions,
  type KernelCall,
  makeDynamicEvents,
  recordCalls,
  removeDynamicEvents,
} from "./dynamic_events.ts";
import { counted, makePair, MARK, MARKED, ping } from "./follow_pair.ts";
import { hitCounter } from "./hits.ts";
import { assertNothingLeft, countsSkipped, Trace } from "./ipft.ts";
import { type Journeys, parseFollowed, readJourneys } from "./journeys.ts";
import { readSummary, type Summary } from "./summary.ts";

const PINGS = 2000;

/** What is traced, each with the skb's argument. The first begins a packet, also raw_rcv, and the last ends it. */
const FUNCTIONS: Functions = {
  ip_output: 3,
  dev_hard_start_xmit: 1,
  eth_type_trans: 1,
  ip_rcv: 1,
  icmp_rcv: 1,
  raw_rcv: 2,
  kfree_skbmem: 1,
};
const TRACED = [
  ...MARKED,
  "-o",
  "json",
  "--show",
  "meta",
  "-r",
  `^(${Object.keys(FUNCTIONS).join("|")})$`,
];

/** Of a request, a reply and its clone. */
const EVENTS_OF_A_PING = 6 + 6 + 2;

const { capabilities } = await inspectKernel(() => {});
/** All that can trace here, the default first. */
const [best, ...others] = TRACERS.flatMap((tracer) =>
  backendGaps(capabilities, tracer).filter(({ missing }) => missing.length === 0)
    .map(({ backend }) => ["--tracer", tracer, "-b", backend.name])
);

const pair = await makePair();

interface Traced {
  readonly journeys: Journeys;
  readonly summary: Summary;
}

async function finish(trace: Trace): Promise<Traced> {
  const { code, stdout, stderr } = await trace.stop();
  assert.equal(code, 0, stderr);
  return { journeys: readJourneys(parseFollowed(stdout)), summary: readSummary(stderr) };
}

/** As many requests and replies as there were; ping's socket has a clone of each reply. */
function checkPings({ journeys: { families, packets }, summary }: Traced, pings: number): void {
  for (const mark of [MARK.near, MARK.far]) {
    const ofMark = families.filter(({ root }) => root.first.meta!.mark === mark);
    assert.equal(ofMark.length, pings);
    for (const family of ofMark) {
      assert(family.root.has("icmp_rcv"), String(family));
      assert.deepEqual(family.root.functions[0], "ip_output");
      const copies = family.members.slice(1);
      assert.equal(copies.length, mark === MARK.far ? 1 : 0, String(family));
      assert(copies.every((copy) => copy.origin === "copy" && copy.has("raw_rcv")), String(family));
      assert(copies.every((copy) => copy.parent === family.root.number), String(family));
    }
  }
  assert.equal(packets.size, 3 * pings);
  assert.deepEqual(
    { packets: summary.packets, descendants: summary.descendants },
    { packets: 2 * pings, descendants: pings },
  );
}

/** The functions of each packet in the order of time, by address: what the kernel's own events make of it. */
function kernelJourneys(calls: readonly KernelCall[]): Map<string, string[][]> {
  const journeys = new Map<string, string[][]>(), current = new Map<string, string[]>();
  for (const { function: name, skb } of calls) {
    if (name === "ip_output" || name === "raw_rcv") {
      const begun: string[] = [];
      current.set(skb, begun);
      journeys.set(skb, [...journeys.get(skb) ?? [], begun]);
    }
    current.get(skb)?.push(name);
    // What comes then, and has begun in another way, is no packet of the pings.
    if (name === "kfree_skbmem") current.delete(skb);
  }
  return journeys;
}

function tracedJourneys({ packets }: Journeys): Map<string, string[][]> {
  const inTime = [...packets.values()].sort((a, b) => a.first.timestamp - b.first.timestamp);
  return new Map(
    [...Map.groupBy(inTime, (packet) => packet.address)]
      .map(([address, all]) => [address, all.map(({ functions }) => functions)]),
  );
}

/** Holds what ipft has made of the calls against what the kernel has recorded of them, address by address. */
function compare(journeys: Journeys, calls: readonly KernelCall[], missed: ReadonlySet<string>) {
  const traced = tracedJourneys(journeys), recorded = kernelJourneys(calls);
  assert.deepEqual([...traced.keys()].sort(), [...recorded.keys()].sort());
  const text = (all: string[][]) =>
    all.map((names) => names.filter((name) => !missed.has(name)).join(" "));
  for (const [address, all] of traced) {
    const actual = text(all), expected = text(recorded.get(address)!);
    const different = actual.findIndex((line, i) => line !== expected[i]);
    assert.equal(actual[different], expected[different], `packet ${different} at ${address}`);
    assert.equal(actual.length, expected.length, address);
  }
}

/** What must be in one piece is tried again if the kernel has skipped probes: an interrupt came within one. */
async function untilComplete<T extends { summary: Summary }>(
  traceOnce: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1;; attempt++) {
    const traced = await traceOnce();
    const { skipped, packets } = traced.summary;
    // Not every kernel counts what it skips. Whole packets are missing then.
    const isComplete = skipped === 0 && (countsSkipped(best[3]) || packets >= 2 * PINGS);
    if (isComplete || attempt === 3) return traced;
  }
}

Deno.test("each of 2000 pings and replies is a packet of its own, whatever the kernel does with their memory", async () => {
  const made = await makeDynamicEvents(FUNCTIONS);
  assert.deepEqual([...made], Object.keys(FUNCTIONS));
  try {
    const { calls, missed, traced, far } = await untilComplete(async () => {
      await using trace = await Trace.start(...best, ...TRACED);
      const before = await counted("far");
      const { calls, missed } = await recordCalls(() => ping("-f", "-c", String(PINGS)));
      const after = await counted("far");
      const far = { sent: after.sent - before.sent, received: after.received - before.received };
      const traced = await finish(trace);
      return { calls, missed, traced, far, summary: traced.summary };
    });
    assert.deepEqual(far, { sent: PINGS, received: PINGS });
    checkPings(traced, PINGS);
    compare(traced.journeys, calls, missed);
  } finally {
    await removeDynamicEvents();
  }
});

Deno.test("packets keep their numbers when the ring is full, and every event is delivered or lost", async () => {
  await using trace = await Trace.start(...best, ...TRACED, "--buffer-size", "4096");
  await ping("-f", "-c", String(PINGS));
  const hits = await hitCounter();
  const { journeys: { packets }, summary } = await finish(trace);
  const delivered = [...packets.values()].reduce((sum, packet) => sum + packet.events.length, 0);
  assert(summary.lost > 0);
  assert.equal(delivered, summary.events);
  assert.equal(delivered + summary.lost, hits);
  assert.equal(hits, PINGS * EVENTS_OF_A_PING);
  // Each of the copies tells whose it is, whether or not anything of that one has been delivered.
  for (const packet of packets.values()) {
    assert.equal(packet.has("raw_rcv") && packet.origin !== "copy", false, String(packet.number));
    const mark = packet.events.find((event) => event.function === "ip_output")?.meta?.mark;
    assert(mark === undefined || packet.origin === undefined);
  }
});

Deno.test("pings are followed with every backend and tracer, and -n counts those that match", async (test) => {
  const COUNT = 20, FIRST = 7;
  await using resources = new AsyncDisposableStack();
  const start = async (...args: string[]) => resources.use(await Trace.start(...args, ...TRACED));
  const [limited, ...traces] = await Promise.all([
    start(...best, "-n", String(FIRST)),
    ...others.map((method) => start(...method)),
  ]);
  await ping("-i", "0.01", "-c", String(COUNT));
  for (const [i, trace] of traces.entries()) {
    await test.step(others[i].join(" "), async () => checkPings(await finish(trace), COUNT));
  }
  await test.step("-n", async () => {
    const { code, stdout, stderr } = await limited.finished();
    assert.equal(code, 0, stderr);
    const { families } = readJourneys(parseFollowed(stdout));
    assert.equal(families.length, FIRST);
    for (const { root } of families) assert.equal(root.last.function, "kfree_skbmem");
  });
});

Deno.test("nothing of it stays", async () => {
  await pair[Symbol.asyncDispose]();
  await assertNothingLeft();
});
