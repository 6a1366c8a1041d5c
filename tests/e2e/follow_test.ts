/**
 * Packets are followed on every way of follow_network.ts, from one namespace to another: each journey is one
 * family, and there are as many as the kernel's own counters say. Only marks choose packets, and all of the
 * ways lose the mark: from then on, nothing but following shows them.
 */
import assert from "node:assert/strict";
import {
  makeNetwork,
  MARKED,
  NAMESPACES,
  replyMark,
  requestMark,
  type Way,
} from "./follow_network.ts";
import {
  type Counters,
  difference,
  meet,
  PING_WAYS,
  pingBytes,
  PINGS,
  readCounters,
  sendAll,
  TCP_WAYS,
} from "./follow_traffic.ts";
import { keepTimestamps } from "./traffic.ts";
import { assertNothingLeft, countsSkipped, noneLost, Trace, workingBackends } from "./ipft.ts";
import { keepModules } from "./modules.ts";
import {
  checkComplete,
  type Family,
  type Journeys,
  type Packet,
  parseFollowed,
  readJourneys,
} from "./journeys.ts";

const [backend] = await workingBackends();

/** Where packets of each way must come along; only some kernels have the types of those of modules. */
const THROUGH: Partial<Record<Way, { kernel?: readonly string[]; modules?: readonly string[] }>> = {
  masquerade: { kernel: ["ip_forward"], modules: ["nf_conntrack_in"] },
  dnat: { kernel: ["ip_forward"], modules: ["nf_conntrack_in"] },
  bridge: { modules: ["br_handle_frame_finish", "br_nf_forward_finish", "nf_conntrack_in"] },
  vxlan: { kernel: ["udp_rcv"], modules: ["vxlan_rcv"] },
  geneve: { kernel: ["udp_rcv"], modules: ["geneve_udp_encap_recv"] },
  espTransport: { kernel: ["xfrm_output", "xfrm_input"] },
  espTunnel: { kernel: ["xfrm_output", "xfrm_input"] },
  fragments: { kernel: ["ip_do_fragment", "ip_defrag"] },
  mirred: { kernel: ["tcf_action_exec"] },
  macvlan: { modules: ["macvlan_start_xmit"] },
  smallLink: { kernel: ["ip_forward", "ip_do_fragment", "ip_defrag"] },
};

/** What is traced where functions are attached one by one. */
const KEY_FUNCTIONS = [
  ...["ip_output", "dev_hard_start_xmit", "ip_rcv", "ip_local_deliver", "icmp_rcv", "raw_rcv"],
  ...["tpacket_rcv", "tcp_v4_rcv", "kfree_skbmem", "skb_release_data"],
  // The one that each of several segments comes to, and the one that each of those comes to that GRO has merged.
  ...["eth_type_trans", "napi_skb_free_stolen_head"],
  ...Object.values(THROUGH).flatMap(({ kernel }) => kernel ?? []),
];
const functions = backend === "kprobe-multi" ? [] : ["-r", `^(${KEY_FUNCTIONS.join("|")})$`];

interface Traced {
  readonly journeys: Journeys;
  readonly counters: Counters;
  readonly captured: number;
}

/** Sends everything, traced; undefined if the kernel has skipped probe runs. */
async function trace(): Promise<Traced | undefined> {
  await using trace = await Trace.start(
    ...[...MARKED, "-o", "json", "--show", "meta", "-b", backend, ...functions],
  );
  const before = await readCounters();
  const { captured } = await sendAll();
  const counters = difference(before, await readCounters());
  const { code, stdout, stderr } = await trace.stop();
  assert.equal(code, 0, stderr);
  if (/ the kernel skipped \d+ probe runs?/.test(stderr)) return undefined;
  assert.match(stderr, new RegExp(noneLost(backend)));
  return { journeys: readJourneys(parseFollowed(stdout)), counters, captured };
}

/** Whether packets are missing altogether, which the kernel has counted. */
function isShort({ journeys, counters }: Traced): boolean {
  const marks = PING_WAYS.flatMap((way) => [requestMark(way), replyMark(way)]);
  return marks.some((mark) => familiesOf(journeys, mark).length < PINGS) ||
    TCP_WAYS.some((way) => onWire(journeys, way).length < counters.sent(way));
}

/**
 * Traces until the kernel has skipped nothing, as far as it says so. What an interrupt does inside a probe is skipped, and in an
 * emulated guest that translates code for the first time, probes take long.
 */
async function traceAll(attempts = 3): Promise<Traced> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const traced = await trace();
    const mayHaveSkipped = !countsSkipped(backend) && attempt < attempts;
    if (traced !== undefined && !(mayHaveSkipped && isShort(traced))) return traced;
  }
  throw new assert.AssertionError({ message: `${attempts} traces, and none was complete` });
}

/** The families that a mark has begun. */
function familiesOf({ families }: Journeys, mark: number): Family[] {
  return families.filter(({ root }) => root.first.meta!.mark === mark);
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
const sumOver = (families: readonly Family[], count: (family: Family) => number) =>
  sum(families.map(count));

/** Each went from the first function to where it ended, and was once at the top: it is whole there. */
function checkPing(family: Family, way: Way): void {
  const ends = family.members.filter((member) => member.has("icmp_rcv"));
  assert.equal(ends.length, 1, String(family));
  const ICMP_BYTES = 8;
  const { meta } = ends[0].events.find((event) => event.function === "icmp_rcv")!;
  assert.equal(meta!.len, ICMP_BYTES + pingBytes(way), String(family));
  assert.equal(family.root.origin, undefined);
  const { kernel = [], modules = [] } = THROUGH[way] ?? {};
  const traced = backend === "kprobe-multi" ? [...kernel, ...modules] : kernel;
  for (const name of traced) assert(family.count(name) > 0, `${name}:\n${family}`);
  for (const { last, number } of family.members) {
    assert.match(last.function, /free|release|consume/, `${number} of\n${family}`);
  }
}

/** What must have come out of a request, and which of them it is that arrives. */
function checkRelatives(family: Family, way: Way): void {
  const { root, members } = family, others = members.slice(1);
  const origins = others.map(({ origin }) => origin), text = String(family);
  if (way === "fragments" || way === "smallLink") {
    assert(origins.includes("fragment"), text);
    return;
  }
  const expected = way === "tap" ? ["tap"] : way === "xdp" ? ["copy"] : [];
  assert.deepEqual(origins, expected, text);
  assert(others.every(({ parent }) => parent === root.number), text);
  assert.equal(root.has("icmp_rcv"), way !== "xdp", text);
}

Deno.test("packets are followed from namespace to namespace", async (test) => {
  await using _modules = await keepModules();
  await using _network = await makeNetwork();
  await using _timestamps = keepTimestamps();
  await meet();
  const { journeys, counters, captured } = await traceAll();
  await test.step("no two packets are taken for one", () => checkComplete(journeys));
  for (const way of PING_WAYS) {
    await test.step(`pings: ${way}`, () => {
      const requests = familiesOf(journeys, requestMark(way));
      const replies = familiesOf(journeys, replyMark(way));
      assert.equal(requests.length, PINGS);
      assert.equal(replies.length, PINGS);
      for (const family of [...requests, ...replies]) checkPing(family, way);
      for (const family of requests) checkRelatives(family, way);
      assert.equal(
        sumOver(requests, (family) => family.count("icmp_rcv")),
        counters.arrived("right", way, "icmp"),
      );
      assert.equal(
        sumOver(replies, (family) => family.count("icmp_rcv")),
        counters.arrived("left", way, "icmp"),
      );
      // ping's socket gets a clone; so do those of the other pings.
      for (const family of replies) {
        const delivered = family.with("raw_rcv");
        assert(delivered.length > 0, String(family));
        assert(delivered.every(({ origin }) => origin === "copy"), String(family));
      }
    });
  }
  await test.step("every fragment is one of somebody's", () => {
    const { families } = journeys;
    const defragmented = sumOver(families, (family) => family.count("ip_defrag"));
    assert.equal(defragmented, sum(NAMESPACES.map((name) => counters.snmp(name, "ReasmReqds"))));
  });
  await test.step("a tap's copies are as many as it got", () => {
    const taps = [...journeys.packets.values()].filter(({ origin }) => origin === "tap");
    assert.equal(taps.length, captured);
    assert(taps.every((tap) => backend !== "kprobe-multi" || tap.has("tpacket_rcv")));
  });
  for (const way of TCP_WAYS) {
    await test.step(`TCP: ${way}`, () => checkTcp(journeys, counters, way));
  }
  await assertNothingLeft();
});

/** What left's device has sent on a way: segments, or packets that needed no segmentation. */
function onWire(journeys: Journeys, way: Way): Packet[] {
  return familiesOf(journeys, requestMark(way)).flatMap((family) => {
    const segments = family.ofOrigin("segment");
    return segments.length > 0 ? segments : [family.root];
  });
}

/** As many as the device has sent are the segments or whole packets; the same arrive, or have been merged. */
function checkTcp(journeys: Journeys, counters: Counters, way: typeof TCP_WAYS[number]): void {
  const families = familiesOf(journeys, requestMark(way));
  for (const family of families) {
    const segments = family.ofOrigin("segment");
    assert(segments.every(({ parent }) => parent === family.root.number), String(family));
    assert(segments.length !== 1, String(family));
  }
  const sent = onWire(journeys, way);
  assert(sent.length > families.length, "nothing was segmented");
  assert.equal(sent.length, counters.sent(way));
  const arrived = families.flatMap((family) => family.with("ip_local_deliver"));
  assert.equal(arrived.length, counters.arrived("right", way, "tcp"));
  const merged = families.flatMap(({ members }) =>
    members.filter((member) => member.children.length === 0 && !member.has("ip_local_deliver"))
  );
  if (way === "segments") assert.equal(merged.length, 0);
  else assert(merged.length > 0, "GRO has merged nothing");
  for (const packet of merged) {
    const into = journeys.packets.get(packet.mergedInto ?? 0);
    assert(into?.has("ip_local_deliver"), `${packet.number} has gone`);
  }
  const answers = familiesOf(journeys, replyMark(way));
  assert.equal(
    sumOver(answers, (family) => family.with("ip_local_deliver").length),
    counters.arrived("left", way, "tcp"),
  );
}
