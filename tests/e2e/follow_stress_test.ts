/**
 * Two TCP connections at full speed, with clones, segments and GRO: traced with room for a few packets, and with
 * room for all.
 */
import assert from "node:assert/strict";
import { counted, makePair, MARK, sendTcp } from "./follow_pair.ts";
import {
  assertNothingLeft,
  countsSkipped,
  noneLost,
  shell,
  Trace,
  workingBackends,
} from "./ipft.ts";
import { type Journeys, parseFollowed, readJourneys } from "./journeys.ts";
import { readSummary, type Summary } from "./summary.ts";
import { followedNow } from "./tracked_set.ts";

/** One that says so if the kernel skips probes, as it does when an interrupt comes within one. */
const backend = (await workingBackends()).find(countsSkipped)!;

/** Near's packets have their mark in the first of these only. */
const FUNCTIONS = ["ip_output", "eth_type_trans", "ip_local_deliver", "tcp_v4_rcv"];
/** Only what near sends. */
const NEAR = ["-m", String(MARK.near), "-o", "json", "-b", backend];
const ROOM = 8;
/** What both connections send, in bytes: enough for the traces that are read, and for 100,000 segments. */
const SHORT = 2e6, LONG = 150e6;
const SEGMENTS = 100_000;

/** The most packets that were seen at one time: each from its first event to its last. */
function mostAtOnce({ packets }: Journeys): number {
  const changes = [...packets.values()].flatMap(({ first, last }) => [
    { time: first.timestamp, by: 1 },
    { time: last.timestamp, by: -1 },
  ]);
  let now = 0, most = 0;
  for (const { by } of changes.sort((a, b) => a.time - b.time || a.by - b.by)) {
    most = Math.max(most, now += by);
  }
  return most;
}

/** How many packets near has sent: those that may still be segmented, and those of its device. */
async function sent(): Promise<{ whole: number; segments: number }> {
  const [{ stats64 }] = JSON.parse(await shell("ip -n near -s -j link show wire"));
  return { whole: (await counted("near")).sent, segments: stats64.tx.packets };
}

async function sendWith(bytes: number): Promise<{ whole: number; segments: number }> {
  const before = await sent();
  await sendTcp(bytes);
  const after = await sent();
  return { whole: after.whole - before.whole, segments: after.segments - before.segments };
}

/** Waits until no trace follows a packet. Each CPU has skbs that it frees when it receives the next one. */
async function assertNoneFollowed(): Promise<void> {
  const deadline = performance.now() + 20_000;
  let followed = await followedNow();
  while (followed > 0 && performance.now() < deadline) {
    for (let cpu = 0; cpu < navigator.hardwareConcurrency; cpu++) {
      await shell(`taskset -c ${cpu} bash -c 'echo >/dev/udp/127.0.0.1/9'`);
    }
    followed = await followedNow();
  }
  assert.equal(followed, 0);
}

async function finish(trace: Trace) {
  const { code, stdout, stderr } = await trace.stop();
  assert.equal(code, 0, stderr);
  return { journeys: readJourneys(parseFollowed(stdout)), summary: readSummary(stderr), stderr };
}

/** No more than there were, and no fewer but for probes that the kernel skipped, when an interrupt came within one. */
function assertAll(seen: number, expected: number, skipped: number): void {
  assert(
    seen <= expected && seen + skipped >= expected,
    `${seen} of ${expected}, ${skipped} skipped`,
  );
}

/** Nothing was lost, and there was room for all. */
function checkComplete(summary: Summary, stderr: string, packets: number): void {
  if (summary.skipped === 0) assert.match(stderr, new RegExp(noneLost(backend)));
  const { lost, unfollowedCalls, unfollowedPackets } = summary;
  assert.deepEqual([lost, unfollowedCalls, unfollowedPackets], [0, 0, 0], stderr);
  assertAll(summary.packets, packets, summary.skipped);
}

/** The packets that a device sends: segments, or packets that needed no segmentation. */
function onWire({ packets }: Journeys) {
  return [...packets.values()].filter((packet) => packet.has("eth_type_trans"));
}

Deno.test("two flows of TCP at full speed: what there is room for is right, the rest is counted, and nothing stays", async (test) => {
  await using _pair = await makePair({ near: "tso off", far: "gro on" });
  const regex = ["-r", `^(${FUNCTIONS.join("|")})$`];
  await using traces = new AsyncDisposableStack();
  const start = async (...args: string[]) => traces.use(await Trace.start(...NEAR, ...args));
  const [small, roomy, soak] = await Promise.all([
    start(...regex, "--max-followed", String(ROOM)),
    start(...regex),
    start("-r", "^ip_output$"),
  ]);
  const short = await sendWith(SHORT);
  await test.step("no packet stays in the set", assertNoneFollowed);
  await test.step("with room for all", async () => {
    const { journeys, summary, stderr } = await finish(roomy);
    checkComplete(summary, stderr, short.whole);
    if (summary.skipped === 0) assert.deepEqual(journeys.strays, []);
    const wire = onWire(journeys);
    assertAll(wire.length, short.segments, summary.skipped);
    const segments = wire.filter(({ origin }) => origin === "segment");
    assert(segments.length > short.whole, `${segments.length} segments`);
    for (const { parent } of segments) {
      const functions = journeys.packets.get(parent!)?.functions;
      if (summary.skipped === 0) assert.deepEqual(functions, ["ip_output"]);
    }
    // What GRO and the socket merge was followed before.
    const origins = new Set([...journeys.packets.values()].map(({ origin }) => origin));
    assert.deepEqual(origins, new Set([undefined, "segment"]));
  });
  await test.step("with room for a few", async () => {
    const { journeys, summary } = await finish(small);
    const matched = journeys.families.filter(({ root }) => root.has("ip_output"));
    assertAll(matched.length + summary.unfollowedCalls, short.whole, summary.skipped);
    assert(summary.unfollowedPackets > 0);
    assert(mostAtOnce(journeys) <= ROOM);
    for (const { parent, origin } of onWire(journeys)) {
      assert(origin === undefined || origin === "segment", origin);
      const root = journeys.packets.get(parent ?? 0);
      assert(parent === undefined || root?.has("ip_output"), `segment of ${parent}`);
    }
  });
  await test.step("after as many packets as of an hour", async () => {
    const long = await sendWith(LONG);
    assert(long.segments > SEGMENTS, `${long.segments} segments`);
    await assertNoneFollowed();
    const { summary, stderr } = await finish(soak);
    checkComplete(summary, stderr, short.whole + long.whole);
  });
  await traces.disposeAsync();
  await assertNothingLeft();
});
