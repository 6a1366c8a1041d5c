import assert from "node:assert/strict";
import { AggregateSink } from "../../../lib/output/aggregate/aggregate.ts";
import { textFieldsOfData } from "../../support/fake_fields.ts";
import { endsPacket } from "../../../lib/analysis/packet_end.ts";
import { blockLines } from "../../support/followed.ts";
import { manyRows } from "../../support/any_rows.ts";
import {
  assertWrites,
  assertWritesAnyEvents,
  assertWritesUpToAnError,
  type TraceInfo,
  written,
} from "../../support/sink_fixture.ts";
import { FUNCTIONS, type Row } from "../../support/row.ts";
import { FAMILY_ENTRIES } from "../../support/family.ts";

const LAST = new Set([1, 4]);

function expected(
  rows: readonly Row[],
  { originNs }: TraceInfo,
  text: (row: Row) => string,
): string {
  if (rows.length === 0) return "";
  const byTime = (rows: readonly Row[]) => rows.toSorted((a, b) => a.timestamp - b.timestamp);
  const width = Math.max(9, String(originNs + BigInt(byTime(rows).at(-1)!.timestamp)).length);
  const packets: Row[][] = [];
  const open = new Map<unknown, Row[]>();
  for (const row of rows) {
    const key = row.lineage?.journey ?? row.skb;
    let packet = open.get(key);
    if (packet === undefined) {
      packet = [];
      packets.push(packet);
      open.set(key, packet);
    }
    packet.push(row);
    if (row.lineage === undefined && LAST.has(row.functionIndex)) open.delete(key);
  }
  // Of packets that begin at the same time, the one whose first event came first.
  const places = new Map(byTime(rows).map((row, i) => [row, i]));
  const blocks = packets.map(byTime).sort((a, b) => places.get(a[0])! - places.get(b[0])!);
  const { heading, number, notes } = blockLines(rows);
  const line = (row: Row, note: string) => {
    const { module, name } = FUNCTIONS[row.functionIndex];
    return [
      String(originNs + BigInt(row.timestamp)).padStart(width),
      String(row.cpu).padStart(3) + number(row),
      module.padEnd("nf_conntrack".length),
      `${name}${text(row)}${note}\n`,
    ].join(" ");
  };
  const header = `${"Timestamp".padEnd(width)} CPU${heading} Module       Function\n`;
  const blockText = (block: Row[]) =>
    [...notes(block)].map(([row, note]) => line(row, note)).join("");
  return header + blocks.map(blockText).join("===\n");
}

Deno.test("AggregateSink writes one block per packet, by time, blocks by their first event", async () => {
  const info = { tracer: "function" as const, functions: FUNCTIONS, originNs: 9_999_999_999n };
  const [first, second] = [0xffff_8880_03e1_a900n, 0xffff_8880_03e1_aa00n];
  const rows = [
    { skb: second, timestamp: 20, functionIndex: 0, cpu: 1 },
    { skb: first, timestamp: -5, functionIndex: 2, cpu: 0 },
    { skb: second, timestamp: 15, functionIndex: 2, cpu: 12 },
    { skb: first, timestamp: 30, functionIndex: 1, cpu: 0 },
  ];
  assert.equal(
    await written(AggregateSink, info, rows),
    `\
Timestamp   CPU Module       Function
 9999999994   0 nf_conntrack nf_conntrack_in.constprop.0
10000000029   0 vmlinux      kfree_skbmem
===
10000000014  12 nf_conntrack nf_conntrack_in.constprop.0
10000000019   1 vmlinux      ip_rcv
`,
  );
});

Deno.test("AggregateSink writes one block per journey, and says once what a packet came from", async () => {
  const info = { tracer: "function" as const, functions: FUNCTIONS, originNs: 1_000_000_000n };
  assert.equal(
    await written(AggregateSink, info, FAMILY_ENTRIES),
    `\
Timestamp  CPU Packet Module       Function
1000000010   1      3 vmlinux      ip_rcv
1000000020   1     12 nf_conntrack nf_conntrack_in.constprop.0 [copy of 3]
1000000060   1     12 vmlinux      ip_rcv
1000000080   1     12 vmlinux      kfree_skbmem [merged into 5]
===
1000000040   1      5 vmlinux      ip_rcv
`,
  );
});

Deno.test("AggregateSink starts another packet after the skb was given back", async () => {
  const info = { tracer: "function" as const, functions: FUNCTIONS, originNs: 10n ** 9n };
  const row = (timestamp: number, functionIndex: number) => ({
    skb: 256n,
    timestamp,
    functionIndex,
    cpu: 0,
  });
  const rows = [row(1, 0), row(2, 1), row(3, 0), row(4, 4), row(5, 0)];
  assert.equal(
    await written(AggregateSink, info, rows),
    `\
Timestamp  CPU Module       Function
1000000001   0 vmlinux      ip_rcv
1000000002   0 vmlinux      kfree_skbmem
===
1000000003   0 vmlinux      ip_rcv
1000000004   0 vmlinux      napi_skb_cache_put.isra.0.constprop.1
===
1000000005   0 vmlinux      ip_rcv
`,
  );
});

Deno.test("AggregateSink writes nothing when nothing came", async () => {
  const info = { tracer: "function" as const, functions: FUNCTIONS, originNs: 1n };
  assert.equal(await written(AggregateSink, info, []), "");
});

Deno.test("AggregateSink makes the timestamps' column as wide as the latest, however old", async () => {
  const info = { tracer: "function" as const, functions: FUNCTIONS, originNs: 10n ** 10n };
  assert.equal(
    await written(AggregateSink, info, [{ skb: 256n, timestamp: -1, functionIndex: 0, cpu: 0 }]),
    `\
Timestamp  CPU Module       Function
9999999999   0 vmlinux      ip_rcv
`,
  );
});

Deno.test("AggregateSink groups and sorts any events; ties stay in the order of arrival", async () => {
  await assertWritesAnyEvents(AggregateSink, expected, textFieldsOfData, ["function"]);
});

Deno.test("AggregateSink keeps rows of many chunks and thousands of packets, in and out of order", async () => {
  const mixed = manyRows(150_000);
  const inOrder = mixed.toSorted((a, b) => a.timestamp - b.timestamp);
  for (const rows of [mixed, inOrder]) {
    for (const withData of [false, true]) {
      // Batches that don't divide a chunk: its end falls into the midst of them.
      const feed = {
        tracer: "function" as const,
        originNs: 2n ** 62n,
        batchSize: 10_007,
        withData,
        withFields: withData,
        follows: withData,
      };
      await assertWrites(AggregateSink, expected, textFieldsOfData, rows, feed);
    }
  }
});

Deno.test("AggregateSink writes the lines before those that cannot be formatted", async () => {
  await assertWritesUpToAnError(AggregateSink, expected, textFieldsOfData);
});

Deno.test("endsPacket knows the functions that give an skb back, and their whole clones", () => {
  for (const name of ["kfree_skbmem", "napi_skb_cache_put", "kfree_skbmem.constprop.0"]) {
    assert.ok(endsPacket(name), name);
  }
  for (const name of ["kfree_skbmem.part.0", "kfree_skbmem.cold", "__kfree_skbmem", "kfree_skb"]) {
    assert.ok(!endsPacket(name), name);
  }
});
