import assert from "node:assert/strict";
import { TRACERS } from "../../../lib/event/trace_header.ts";
import { StreamSink } from "../../../lib/output/stream.ts";
import { textFieldsOfData } from "../../support/fake_fields.ts";
import { isFollowed, noteOf } from "../../support/followed.ts";
import { manyRows } from "../../support/any_rows.ts";
import {
  assertWrites,
  assertWritesAnyEvents,
  assertWritesUpToAnError,
  type TraceInfo,
  written,
  writtenLive,
} from "../../support/sink_fixture.ts";
import { FUNCTIONS, type Row } from "../../support/row.ts";
import { FAMILY } from "../../support/family.ts";

function expected(
  rows: readonly Row[],
  { originNs, tracer }: Pick<TraceInfo, "originNs" | "tracer">,
  text = (_row: Row) => "",
): string {
  const isFollowing = isFollowed(rows);
  const isGraph = tracer === "function_graph";
  const width = Math.max(9, String(originNs).length);
  const lines = rows.map((row) => {
    const { skb, timestamp, functionIndex, cpu, isReturn } = row;
    const { module, name } = FUNCTIONS[functionIndex];
    return [
      String(originNs + BigInt(timestamp)).padStart(width),
      String(cpu).padStart(3),
      ...(isFollowing ? [String(row.lineage!.packet || "?").padStart(6)] : []),
      `0x${skb.toString(16).padStart(16, "0")}`,
      ...(isGraph ? [isReturn ? "return" : "entry "] : []),
      module.padEnd("nf_conntrack".length),
      name + text(row) + (isFollowing ? noteOf(row.lineage!) : ""),
    ].join(" ");
  });
  const header = `${"Timestamp".padEnd(width)} CPU ` +
    (isFollowing ? "Packet skb                " : "Packet             ") +
    `${isGraph ? "Event  " : ""}Module       Function`;
  return [header, ...lines].map((line) => `${line}\n`).join("");
}

Deno.test("StreamSink aligns its columns under one header line", async () => {
  const info = {
    tracer: "function" as const,
    functions: FUNCTIONS,
    originNs: 9_007_199_254_740_993n,
  };
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

Deno.test("StreamSink says of function_graph's events whether calls are entered or return", async () => {
  const info = { tracer: "function_graph" as const, functions: FUNCTIONS, originNs: 10n };
  const skb = 0xffff_8880_03e1_a900n;
  const rows = [
    { skb, timestamp: 0, functionIndex: 2, cpu: 1, task: 7 },
    { skb, timestamp: 5, functionIndex: 2, cpu: 1, task: 7, isReturn: true },
  ];
  assert.equal(
    await written(StreamSink, info, rows),
    `\
Timestamp CPU Packet             Event  Module       Function
       10   1 0xffff888003e1a900 entry  nf_conntrack nf_conntrack_in.constprop.0
       15   1 0xffff888003e1a900 return nf_conntrack nf_conntrack_in.constprop.0
`,
  );
});

Deno.test("StreamSink shows the number of a followed packet, and what it came from", async () => {
  const info = {
    tracer: "function_graph" as const,
    functions: FUNCTIONS,
    originNs: 1_000_000_000n,
  };
  assert.equal(
    await written(StreamSink, info, FAMILY),
    `\
Timestamp  CPU Packet skb                Event  Module       Function
1000000010   1      3 0xffff888003e1a900 entry  vmlinux      ip_rcv
1000000020   1     12 0xffff888003e1aa00 entry  nf_conntrack nf_conntrack_in.constprop.0 [copy of 3]
1000000030   1     12 0xffff888003e1aa00 return nf_conntrack nf_conntrack_in.constprop.0 [copy of 3]
1000000040   1      5 0xffff888003e1ab00 entry  vmlinux      ip_rcv
1000000050   1      5 0xffff888003e1ab00 return vmlinux      ip_rcv
1000000060   1     12 0xffff888003e1aa00 entry  vmlinux      ip_rcv [copy of 3]
1000000070   1     12 0xffff888003e1aa00 return vmlinux      ip_rcv [copy of 3]
1000000080   1     12 0xffff888003e1aa00 entry  vmlinux      kfree_skbmem [merged into 5]
1000000090   1     12 0xffff888003e1aa00 return vmlinux      kfree_skbmem [merged into 5]
1000000100   1      3 0xffff888003e1a900 return vmlinux      ip_rcv
1000000110   1      ? 0xffff888003e1ab00 return nf_conntrack nf_conntrack_in.constprop.0
`,
  );
});

Deno.test("StreamSink writes any events exactly, whatever the batches", async () => {
  await assertWritesAnyEvents(StreamSink, expected, textFieldsOfData);
});

Deno.test("StreamSink writes batches larger than its buffer, with data and without", async () => {
  const rows = manyRows(20_000);
  for (const withData of [false, true]) {
    const feed = {
      tracer: "function" as const,
      originNs: 7n,
      batchSize: rows.length,
      withData,
      withFields: withData,
      follows: withData,
    };
    await assertWrites(StreamSink, expected, textFieldsOfData, rows, feed);
  }
});

Deno.test("StreamSink writes the lines before those that cannot be formatted", async () => {
  await assertWritesUpToAnError(StreamSink, expected, textFieldsOfData);
});

Deno.test("StreamSink writes the header alone when nothing came", async () => {
  for (const tracer of TRACERS) {
    const info = { tracer, functions: FUNCTIONS, originNs: 7n };
    assert.equal(await written(StreamSink, info, []), expected([], info));
  }
});

Deno.test("StreamSink hands every row on before write resolves", async () => {
  const rows = [{ skb: 1n, timestamp: 5, functionIndex: 0, cpu: 3 }];
  assert.equal(
    await writtenLive(StreamSink, rows),
    expected(rows, { tracer: "function", originNs: 0n }),
  );
});
