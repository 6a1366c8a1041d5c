/**
 * Expressions choose one flow among others that look alike and run at the same time. The kernel's own dynamic
 * events say which calls there were with its packets: those are the events of the trace, no more and no fewer.
 */
import assert from "node:assert/strict";
import { backendGaps } from "../../lib/bpf/attach/backends.ts";
import { LiveSource } from "../../lib/capture/live_source.ts";
import { EventBatch } from "../../lib/event/batch.ts";
import { TRACERS } from "../../lib/event/trace_header.ts";
import { compileExpression } from "../../lib/ffi/libpcap.ts";
import { inspectKernel } from "../../lib/kernel/inspect.ts";
import { META } from "../../lib/sections/meta/meta.ts";
import {
  type Functions,
  type KernelCall,
  makeDynamicEvents,
  recordCalls,
  removeDynamicEvents,
} from "./dynamic_events.ts";
import { LENGTH, listen, makeNetwork, MARK, removeNetwork, sendAll } from "./expression_network.ts";
import { assertNothingLeft } from "./ipft.ts";

const SENT: Functions = {
  ip_output: 3,
  ip_finish_output2: 3,
  __dev_queue_xmit: 1,
  dev_hard_start_xmit: 1,
};
const RECEIVED: Functions = { netif_rx_internal: 1, ip_rcv: 1, ip_local_deliver: 1 };
const PING: Functions = { icmp_rcv: 1, icmp_echo: 1 };
const FREED: Functions = { consume_skb: 1, skb_release_head_state: 1 };
const LOOPBACK: Functions = { ...SENT, loopback_xmit: 1, ...RECEIVED };
const LOOPBACK6: Functions = {
  ip6_output: 3,
  ip6_finish_output2: 3,
  __dev_queue_xmit: 1,
  dev_hard_start_xmit: 1,
  loopback_xmit: 1,
  netif_rx_internal: 1,
  ipv6_rcv: 1,
  ip6_input: 1,
};
const TCP: Functions = { tcp_rcv_established: 2, tcp_queue_rcv: 2, __kfree_skb: 1 };
const VETH: Functions = { ...SENT, veth_xmit: 1, eth_type_trans: 1, ...RECEIVED };
const BRIDGE: Functions = {
  br_handle_frame_finish: 3,
  br_forward: 2,
  br_dev_queue_push_xmit: 3,
};
/** The last two see the packet without its tag. */
const TAGGED: Functions = {
  __dev_queue_xmit: 1,
  dev_hard_start_xmit: 1,
  veth_xmit: 1,
  eth_type_trans: 1,
  netif_rx_internal: 1,
  vlan_dev_hard_start_xmit: 1,
  ip_rcv: 1,
};
const VLAN: Functions = { ...TAGGED, ip_output: 3, icmp_rcv: 1, consume_skb: 1 };

const isMarked = (mark: number) => (call: KernelCall) => call.mark === mark;

/** What a layer takes away or adds changes the length by less than 40 bytes. */
const isOfLength = (length: number) => ({ mark, len }: KernelCall) =>
  mark === 0 && len > length - 40 && len < length + 40;

const isVxlan = ({ mark, len }: KernelCall) =>
  mark === 0 && len > LENGTH.inner - 40 && len < LENGTH.inner + 90;

/** VXLAN, UDP and Ethernet: what the packet within has when the header of IP is gone. */
const LEAST_AROUND_INNER = 30;
const isOuter = (call: KernelCall) =>
  isVxlan(call) && call.len >= LENGTH.inner + LEAST_AROUND_INNER;

/** In how many functions a flow must have been seen, or the test says nothing: kernels inline some. */
const LEAST_FUNCTIONS = 4;

/** Expressions, the calls with packets that they are about, and where to look at them. */
const FLOWS: readonly (readonly [string, (call: KernelCall) => boolean, Functions])[] = [
  ["icmp and dst host 127.0.0.2", isMarked(MARK.ping), { ...LOOPBACK, ...PING, ...FREED }],
  ["icmp and host 10.9.0.2", isOfLength(LENGTH.bridged), { ...VETH, ...BRIDGE, ...PING, ...FREED }],
  ["vlan 7", (call) => isOfLength(LENGTH.vlan)(call) && call.isTagged, { ...TAGGED, ...BRIDGE }],
  ["udp port 4789", isOuter, {
    ...SENT,
    ...RECEIVED,
    veth_xmit: 1,
    ...BRIDGE,
    udp_rcv: 1,
    vxlan_rcv: 2,
  }],
  [
    "ip6 dst host ::1 and icmp6[icmp6type] = icmp6-echo",
    isMarked(MARK.ping6),
    { ...LOOPBACK6, icmpv6_rcv: 1, ...FREED },
  ],
  [
    "ip and tcp port 7001",
    isMarked(MARK.tcp),
    { ...LOOPBACK, tcp_v4_rcv: 1, tcp_v4_do_rcv: 2, ...TCP },
  ],
  [
    "ip6 and tcp port 7001",
    isMarked(MARK.tcp6),
    { ...LOOPBACK6, tcp_v6_rcv: 1, tcp_v6_do_rcv: 2, ...TCP },
  ],
  [
    "ip and udp dst port 7001",
    isMarked(MARK.udp),
    { ...LOOPBACK, udp_rcv: 1, udp_queue_rcv_skb: 2, __udp_enqueue_schedule_skb: 2 },
  ],
  ["vlan 9", (call) => isOfLength(LENGTH.vlanInHeader)(call) && call.isTagged, TAGGED],
  [
    "icmp and dst host 127.0.0.6",
    isMarked(MARK.fragments),
    { ...LOOPBACK, ip_do_fragment: 3, ip_defrag: 2, ...PING, ...FREED },
  ],
  [
    "icmp[icmptype] = icmp-echo and dst host 127.0.0.6",
    // The second fragment, of 148 bytes and an Ethernet header, has no header of ICMP.
    (call) => call.mark === MARK.fragments && call.len > 200,
    { ...LOOPBACK, ip_do_fragment: 3, ip_defrag: 2, ...PING, ...FREED },
  ],
  [
    "ip6 and udp port 7001",
    isMarked(MARK.udp6),
    { ...LOOPBACK6, udpv6_rcv: 1, __udp_enqueue_schedule_skb: 2 },
  ],
  [
    "arp",
    ({ protocol }) => protocol === 0x0806,
    {
      arp_xmit: 1,
      __dev_queue_xmit: 1,
      dev_hard_start_xmit: 1,
      veth_xmit: 1,
      eth_type_trans: 1,
      netif_rx_internal: 1,
      br_handle_frame_finish: 3,
      arp_rcv: 1,
      arp_process: 3,
      ...FREED,
    },
  ],
  ["icmp and host 10.7.0.2", isOfLength(LENGTH.vlan), { ...VLAN, ...BRIDGE }],
  ["icmp and host 10.10.0.2", isOfLength(LENGTH.vlanInHeader), VLAN],
  [
    "icmp and host 10.11.0.2",
    (call) => isVxlan(call) && !isOuter(call),
    { ...SENT, vxlan_xmit: 1, ip_rcv: 1, ip_local_deliver: 1, ...PING },
  ],
];

/** What is compared of a call. */
type Entry = Pick<KernelCall, "function" | "mark" | "len">;

const describe = (call: Entry) =>
  `${call.function} mark=0x${call.mark.toString(16)} len=${call.len}`;

/** All that a source has captured: the entries of calls. */
async function readEntries(source: LiveSource): Promise<Entry[]> {
  const batch = new EventBatch(1000, [META]), entries: Entry[] = [];
  let returns = 0;
  while (await source.read(batch)) {
    const { functionIndex, isReturn } = batch.columns, meta = batch.section(META)!;
    for (let row = 0; row < batch.length; row++) {
      if (isReturn[row]) returns++;
      else {
        entries.push({
          function: source.header.functions[functionIndex[row]].name,
          mark: meta.mark[row],
          len: meta.len[row],
        });
      }
    }
  }
  const { hits, lost, dropped, delivered, undecided } = source.completeness();
  const complete = { lost: 0, dropped: 0, delivered: hits, undecided: 0 };
  assert.deepEqual({ lost, dropped, delivered, undecided }, complete);
  assert.equal(returns, source.header.tracer === "function_graph" ? entries.length : 0);
  return entries;
}

await makeNetwork();
const { capabilities } = await inspectKernel(() => {});
const methods = TRACERS.flatMap((tracer) =>
  backendGaps(capabilities, tracer).filter(({ missing }) => missing.length === 0)
    .map(({ backend: { name: backend } }) => ({ tracer, backend }))
);

Deno.test("an expression takes the packets of its flow, wherever the kernel handles them", async (test) => {
  const known = await makeDynamicEvents(Object.assign({}, ...FLOWS.map(([, , all]) => all)));
  await using resources = new AsyncDisposableStack();
  const traces: {
    expression: string;
    method: string;
    isWanted: (call: KernelCall) => boolean;
    source: LiveSource;
  }[] = [];
  for (const [index, [expression, isWanted, functions]] of FLOWS.entries()) {
    const method = methods[index % methods.length];
    const names = Object.keys(functions).filter((name) => known.has(name));
    const source = await LiveSource.load({
      ...method,
      filter: { expression: compileExpression(expression) },
      functions: { functionRegex: new RegExp(`^(${names.join("|")})$`) },
      sections: [META],
      bufferSizeBytes: 1 << 18,
      outputFds: [],
      warn: () => {},
    });
    resources.use(source);
    await source.attach({ attached: () => Promise.resolve(), detached: () => {} }, true);
    traces.push({
      expression,
      method: `${method.tracer} with ${method.backend}`,
      isWanted,
      source,
    });
  }
  resources.use(await listen("blue"));
  resources.use(await listen("red"));
  const { calls, missed } = await recordCalls(async () => {
    traces.forEach(({ source }) => source.start());
    await sendAll();
    traces.forEach(({ source }) => source.stop());
  });
  for (const { expression, method, isWanted, source } of traces) {
    await test.step(`${expression}: ${method}`, async () => {
      const entries = await readEntries(source);
      const traced = new Set(source.header.functions.map(({ name }) => name)).difference(missed);
      const wanted = calls.filter((call) => traced.has(call.function) && isWanted(call));
      const missing = wanted.map(describe);
      for (const entry of entries.filter((call) => traced.has(call.function)).map(describe)) {
        const index = missing.indexOf(entry);
        assert(index >= 0, `the flow has no such call: ${entry}`);
        missing.splice(index, 1);
      }
      // A probe does not run inside another one, as in an interrupt. Where the kernel does not count that,
      // the event of the same function has missed the call as well.
      const skipped = source.missed() ?? 0;
      assert(missing.length <= skipped, `missing: ${missing.join(", ")}`);
      const seen = new Set(wanted.map((call) => call.function));
      // On a busy machine an interrupt may keep the witness from calls of many functions.
      const least = traced.size < source.header.functions.length ? 0 : LEAST_FUNCTIONS;
      assert(seen.size >= least, `${[...seen]}, but not ${[...missed]}`);
    });
  }
  await removeDynamicEvents();
});

Deno.test("nothing of it stays", async () => {
  await removeNetwork();
  await assertNothingLeft();
});
