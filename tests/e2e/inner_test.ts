/**
 * Packets chosen by what they carry: two pings at once between two namespaces, each the other way, within one
 * tunnel. Held against the counters of the namespaces, which know the pings but not the tunnel.
 */
import assert from "node:assert/strict";
import { backendGaps } from "../../lib/bpf/attach/backends.ts";
import { LiveSource } from "../../lib/capture/live_source.ts";
import { EventBatch } from "../../lib/event/batch.ts";
import { compileExpression } from "../../lib/ffi/libpcap.ts";
import type { PacketFilter } from "../../lib/filter/packet_filter.ts";
import { inspectKernel } from "../../lib/kernel/inspect.ts";
import { META } from "../../lib/sections/meta/meta.ts";
import { checkInner } from "../support/inner_check.ts";
import { assertNothingLeft, run, shell, Trace } from "./ipft.ts";
import { MAC, makeConnectedNamespaces } from "./namespaces.ts";

const ICMP_BYTES = 8, IP_BYTES = 20, UDP_BYTES = 8, ETHERNET_BYTES = 14;

/** Tunnels: the options of `ip link add`, and the bytes between the IP header around and that within. */
const ALL_TUNNELS = [
  {
    name: "vxlan",
    options: "type vxlan id 5 dstport 4789 noudpcsum",
    bytes: UDP_BYTES + 8 + ETHERNET_BYTES,
  },
  { name: "geneve", options: "type geneve id 5", bytes: UDP_BYTES + 8 + ETHERNET_BYTES },
  { name: "ip_gre", options: "type gre key 7 csum", bytes: 12 },
  { name: "ipip", options: "type ipip", bytes: 0 },
];

/** Those that this kernel has. Modules that come later would have its types read anew for each trace. */
const TUNNELS: typeof ALL_TUNNELS = [];
for (const tunnel of ALL_TUNNELS) {
  if ((await run("modprobe", tunnel.name)).code === 0) TUNNELS.push(tunnel);
}

await makeConnectedNamespaces("near", "far", "10.7.0");

/** A tunnel between the namespaces. Within it, far pings 10.6.0.11, and near pings 10.6.0.2. */
async function openTunnel(options: string): Promise<AsyncDisposable> {
  const isEthernet = /vxlan|geneve|gretap/.test(options);
  const end = (ns: string, self: number, other: number) => {
    const local = options.includes("geneve") ? "" : `local 10.7.0.${self}`;
    const remote = `ip -n ${ns} link add tunnel ${isEthernet ? `address ${MAC}${2 + self}` : ""}`;
    const neighbors = [other, 10 + other].map((host) =>
      isEthernet ? `ip -n ${ns} neigh add 10.6.0.${host} lladdr ${MAC}${2 + other} dev tunnel` : ""
    );
    return `${remote} ${options} remote 10.7.0.${other} ${local}
      ip -n ${ns} link set tunnel up
      ip -n ${ns} addr add 10.6.0.${self}/24 dev tunnel
      ip -n ${ns} addr add 10.6.0.${10 + self}/24 dev tunnel
      ${neighbors.join("\n")}`;
  };
  await shell(`${end("near", 1, 2)}\n${end("far", 2, 1)}`);
  const close = () => shell("ip -n near link del tunnel; ip -n far link del tunnel");
  return { [Symbol.asyncDispose]: async () => void await close() };
}

/** The pings: of near's counters, and what each sends. */
const PINGS = {
  near: { from: "10.6.0.1", address: "10.6.0.2", count: 4, size: 100 },
  far: { from: "10.6.0.12", address: "10.6.0.11", count: 7, size: 300 },
} as const;
type Side = keyof typeof PINGS;

/** Both pings at once. */
async function exchange(): Promise<void> {
  await Promise.all((["near", "far"] as const).map((side) => {
    const { from, address, count, size } = PINGS[side];
    return shell(
      `ip netns exec ${side} ping -q -i 0.01 -c ${count} -s ${size} -I ${from} ${address}`,
    );
  }));
}

/** The numbers of a namespace's echoes: `IcmpOutEchos`, … */
async function echoesOf(side: Side): Promise<Record<string, number>> {
  const text = await shell(`ip netns exec ${side} cat /proc/net/snmp`);
  const [, names, values] = /^Icmp: ([A-Z].*)\nIcmp: (.*)$/m.exec(text)!;
  const numbers = values.split(" ");
  return Object.fromEntries(names.split(" ").map((name, i) => [name, Number(numbers[i])]));
}

/** How many packets of the pings of each side left both namespaces meanwhile, and arrived there. */
async function witness(meanwhile: () => Promise<void>) {
  const count = async () => [await echoesOf("near"), await echoesOf("far")];
  const before = await count();
  await meanwhile();
  const [near, far] = (await count()).map((after, i) => (name: string) =>
    after[name] - before[i][name]
  );
  return {
    near: {
      sent: near("OutEchos") + far("OutEchoReps"),
      received: far("InEchos") + near("InEchoReps"),
    },
    far: {
      sent: far("OutEchos") + near("OutEchoReps"),
      received: near("InEchos") + far("InEchoReps"),
    },
  };
}

interface Seen {
  readonly function: string;
  readonly len: number;
}

const { capabilities, btfIds, functions } = await inspectKernel(() => {});
/** Linux 5.10 has no types of modules. */
const hasVxlanRcv = functions.some(({ name }) => name === "vxlan_rcv");
const best = backendGaps(capabilities, "function").find(({ missing }) => missing.length === 0)!;

/** Traces with several filters at a time. What each saw. */
async function trace(filters: readonly PacketFilter[], traffic: () => Promise<void>) {
  using resources = new DisposableStack();
  const sources: LiveSource[] = [];
  // One after the other: libbpf has one log for all that is loaded, and the first to end takes it away.
  for (const filter of filters) {
    const source = await LiveSource.load({
      tracer: "function",
      backend: best.backend.name,
      filter,
      functions: { functionRegex: /^(ip_output|ip_local_deliver|vxlan_rcv)$/ },
      sections: [META],
      bufferSizeBytes: 1 << 18,
      outputFds: [],
      warn: () => {},
    });
    sources.push(resources.use(source));
    await source.attach({ attached: () => Promise.resolve(), detached: () => {} }, true);
  }
  sources.forEach((source) => source.start());
  await traffic();
  sources.forEach((source) => source.stop());
  return await Promise.all(sources.map(seenBy));
}

async function seenBy(source: LiveSource): Promise<Seen[]> {
  const batch = new EventBatch(1000, [META]), seen: Seen[] = [];
  while (await source.read(batch)) {
    const meta = batch.section(META)!;
    for (let row = 0; row < batch.length; row++) {
      const { name } = source.header.functions[batch.columns.functionIndex[row]];
      seen.push({ function: name, len: meta.len[row] });
    }
  }
  const { length } = seen;
  const { hits, delivered, lost, dropped, undecided } = source.completeness();
  assert.deepEqual([hits, delivered], [length, length]);
  assert.deepEqual([lost, dropped, undecided], [0, 0, 0]);
  return seen;
}

Deno.test("inner expressions say what libpcap's own interpreter says", async () => {
  const checked = await checkInner(btfIds, { count: 5, packets: 4, seed: 82 });
  assert(checked.matches > 100);
});

const inner = compileExpression;

for (const { name, options, bytes } of TUNNELS) {
  Deno.test(`one of two pings in a tunnel (${options})`, async () => {
    await using _tunnel = await openTunnel(options);
    const filters: readonly (PacketFilter & { sides: readonly Side[] })[] = [
      { inner: inner(`icmp and host ${PINGS.near.address}`), sides: ["near"] },
      {
        inner: inner(`host ${PINGS.far.address}`),
        expression: inner("host 10.7.0.1"),
        sides: ["far"],
      },
      { inner: inner("icmp"), expression: inner("src host 10.7.0.9"), sides: [] },
    ];
    let seen: Seen[][] = [];
    const packets = await witness(async () => {
      seen = await trace(filters, exchange);
    });
    for (const side of ["near", "far"] as const) {
      const all = 2 * PINGS[side].count;
      assert.deepEqual(packets[side], { sent: all, received: all });
    }
    for (const [i, { sides }] of filters.entries()) {
      const lengths = sides.map((side) => IP_BYTES + ICMP_BYTES + PINGS[side].size);
      const expected = sides.flatMap((side, i) => {
        const len = IP_BYTES + bytes + lengths[i];
        const { sent, received } = packets[side];
        const events = [
          ...Array(sent).fill({ function: "ip_output", len }),
          ...Array(received).fill({ function: "ip_local_deliver", len }),
        ];
        // Its data begins behind the IP header.
        const atUdp = { function: "vxlan_rcv", len: len - IP_BYTES };
        return name === "vxlan" && hasVxlanRcv
          ? [...events, ...Array(received).fill(atUdp)]
          : events;
      });
      const sorted = (events: readonly Seen[]) =>
        events.map((event) => `${event.function} ${event.len}`).sort();
      assert.deepEqual(sorted(seen[i]), sorted(expected), `filter ${i}`);
    }
  });
}

Deno.test("--inner chooses what the functions of the tunnel show", async () => {
  await using _tunnel = await openTunnel(TUNNELS[0].options);
  await using trace = await Trace.start(
    ...["-b", best.backend.name, "-r", "^ip_(output|local_deliver)$", "-o", "json"],
    "--no-follow", // to what is in the tunnel
    ...["--inner", `icmp and host ${PINGS.near.address}`, "udp port 4789"],
  );
  await exchange();
  const events = await trace.events();
  const count = (name: string) => events.filter((event) => event.function === name).length;
  const packets = 2 * PINGS.near.count;
  assert.deepEqual([count("ip_output"), count("ip_local_deliver")], [packets, packets]);
});

Deno.test("nothing of it stays", async () => {
  await shell("ip netns del near; ip netns del far");
  await assertNothingLeft();
});
