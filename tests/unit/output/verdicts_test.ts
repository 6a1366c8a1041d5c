import assert from "node:assert/strict";
import { GraphSink } from "../../../lib/output/aggregate/graph.ts";
import { StreamSink } from "../../../lib/output/stream.ts";
import type { TracedFunction } from "../../../lib/event/trace_header.ts";
import { type SinkClass, type TraceInfo, written } from "../../support/sink_fixture.ts";

const FUNCTIONS: readonly TracedFunction[] = [
  { name: "ip_output", module: "vmlinux" },
  { name: "fw: TC_ACT_OK", module: "bpf", hasNoReturn: true },
  { name: "fw: TC_ACT_SHOT", module: "bpf", hasNoReturn: true },
];
const INFO: TraceInfo = { tracer: "function_graph", functions: FUNCTIONS, originNs: 0n };

/** A packet that a program sees once inside a function and once outside. */
async function lines(Sink: SinkClass, follows: boolean): Promise<string[]> {
  const lineage = { packet: 1, relative: 0, journey: 1, origin: 0 };
  const rows = [[0, 0], [1, 0], [0, 1], [2, 0], [0, 0], [0, 1]].map(([functionIndex, half], i) => ({
    skb: 1n,
    timestamp: 10 * i,
    functionIndex,
    cpu: 0,
    isReturn: half === 1,
    ...follows && { lineage },
  }));
  const [, ...lines] = (await written(Sink, INFO, rows)).trimEnd().split("\n");
  return lines;
}

Deno.test("GraphSink shows what has no return as a comment, inside the call that it is in", async () => {
  for (const follows of [true, false]) {
    const shown = (await lines(GraphSink, follows)).map((line) =>
      line.replace(/^ *\d+ +0 +(1 )?/, "")
    );
    assert.deepEqual(shown, [
      "vmlinux           ip_output() {",
      "bpf                 /* fw: TC_ACT_OK */",
      "vmlinux 0.020 us  }",
      "bpf               /* fw: TC_ACT_SHOT */",
      "vmlinux 0.010 us  ip_output();",
    ]);
  }
});

Deno.test("StreamSink shows what has no return as an entry", async () => {
  const shown = (await lines(StreamSink, true)).filter((line) => line.includes(" bpf "));
  assert.deepEqual(shown.map((line) => line.replace(/.*0x\w+ /, "")), [
    "entry  bpf     fw: TC_ACT_OK",
    "entry  bpf     fw: TC_ACT_SHOT",
  ]);
});
