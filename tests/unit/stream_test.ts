import assert from "node:assert/strict";
import fc from "fast-check";
import { EventBatch } from "../../lib/bpf/event.ts";
import { StreamSink } from "../../lib/output/stream.ts";
import {
  fill,
  FUNCTIONS,
  manyRows,
  originArbitrary,
  type Row,
  rowsArbitrary,
  written,
} from "./sink_fixture.ts";

function expected(rows: readonly Row[], originNs: bigint): string {
  const width = Math.max(9, String(originNs).length);
  const lines = rows.map(({ skb, timestamp, functionIndex, cpu }) => {
    const { module, name } = FUNCTIONS[functionIndex];
    return [
      String(originNs + BigInt(timestamp)).padStart(width),
      String(cpu).padStart(3),
      `0x${skb.toString(16).padStart(16, "0")}`,
      module.padEnd("nf_conntrack".length),
      name,
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
  await fc.assert(
    fc.asyncProperty(
      rowsArbitrary,
      originArbitrary,
      fc.integer({ min: 1, max: 20 }),
      async (rows, originNs, batchSize) => {
        const info = { functions: FUNCTIONS, originNs };
        const text = await written(StreamSink, info, rows, batchSize);
        assert.equal(text, expected(rows, originNs));
      },
    ),
  );
});

Deno.test("StreamSink writes batches larger than its buffer", async () => {
  const rows = manyRows(20_000);
  const text = await written(StreamSink, { functions: FUNCTIONS, originNs: 7n }, rows, rows.length);
  assert.equal(text, expected(rows, 7n));
});

Deno.test("StreamSink writes the header alone when nothing came", async () => {
  const text = await written(StreamSink, { functions: FUNCTIONS, originNs: 7n }, []);
  assert.equal(text, expected([], 7n));
});

Deno.test("StreamSink hands every row on before write resolves", async () => {
  let text = "";
  const decoder = new TextDecoder();
  const sink = new StreamSink({ functions: FUNCTIONS, originNs: 0n }, (bytes) => {
    text += decoder.decode(bytes);
    return Promise.resolve();
  });
  const batch = new EventBatch(4);
  const rows = [{ skb: 1n, timestamp: 5, functionIndex: 0, cpu: 3 }];
  fill(batch, rows);
  await sink.write(batch);
  assert.equal(text, expected(rows, 0n));
});
