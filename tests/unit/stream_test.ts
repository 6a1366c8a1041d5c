import assert from "node:assert/strict";
import { StreamSink } from "../../lib/output/stream.ts";
import {
  assertWrites,
  assertWritesAnyEvents,
  assertWritesUpToAnError,
  FUNCTIONS,
  manyRows,
  type Row,
  written,
  writtenLive,
} from "./sink_fixture.ts";

function expected(
  rows: readonly Row[],
  originNs: bigint,
  text = (_row: Row) => "",
): string {
  const width = Math.max(9, String(originNs).length);
  const lines = rows.map((row) => {
    const { skb, timestamp, functionIndex, cpu } = row;
    const { module, name } = FUNCTIONS[functionIndex];
    return [
      String(originNs + BigInt(timestamp)).padStart(width),
      String(cpu).padStart(3),
      `0x${skb.toString(16).padStart(16, "0")}`,
      module.padEnd("nf_conntrack".length),
      name + text(row),
    ].join(" ");
  });
  const header = "Timestamp".padEnd(width) + " CPU Packet             Module       Function";
  return [header, ...lines].map((line) => `${line}\n`).join("");
}

Deno.test("StreamSink aligns its columns under one header line", async () => {
  const info = { functions: FUNCTIONS, originNs: 9_007_199_254_740_993n };
  const skb = 0xffff_8880_03e1_a900n;
  const rows = [
    { skb, timestamp: 0, functionIndex: 0, cpu: 1 },
    { skb, timestamp: 1000, functionIndex: 2, cpu: 11 },
  ];
  assert.equal(
    await written(StreamSink, info, rows),
    `\
Timestamp        CPU Packet             Module       Function
9007199254740993   1 0xffff888003e1a900 vmlinux      ip_rcv
9007199254741993  11 0xffff888003e1a900 nf_conntrack nf_conntrack_in.constprop.0
`,
  );
});

Deno.test("StreamSink writes any events exactly, whatever the batches", async () => {
  await assertWritesAnyEvents(StreamSink, expected);
});

Deno.test("StreamSink writes batches larger than its buffer, with data and without", async () => {
  const rows = manyRows(20_000);
  for (const withData of [false, true]) {
    const feed = { originNs: 7n, batchSize: rows.length, withData, withFormatter: withData };
    await assertWrites(StreamSink, expected, rows, feed);
  }
});

Deno.test("StreamSink writes the lines before those that cannot be formatted", async () => {
  await assertWritesUpToAnError(StreamSink, expected);
});

Deno.test("StreamSink writes the header alone when nothing came", async () => {
  const text = await written(StreamSink, { functions: FUNCTIONS, originNs: 7n }, []);
  assert.equal(text, expected([], 7n));
});

Deno.test("StreamSink hands every row on before write resolves", async () => {
  const rows = [{ skb: 1n, timestamp: 5, functionIndex: 0, cpu: 3 }];
  assert.equal(await writtenLive(StreamSink, rows), expected(rows, 0n));
});
