import assert from "node:assert/strict";
import { AggregateSink } from "../../../lib/output/aggregate/aggregate.ts";
import { GraphSink } from "../../../lib/output/aggregate/graph.ts";
import { printableLines } from "../../../lib/base/printable.ts";
import type { SinkContext } from "../../../lib/output/sink.ts";
import { StreamSink } from "../../../lib/output/stream.ts";
import { COLOURED } from "../../../lib/output/text/style.ts";
import { manyRows } from "../../support/any_rows.ts";
import { type SinkClass, written } from "../../support/sink_fixture.ts";
import { FUNCTIONS } from "../../support/row.ts";

/** A sink whose table is coloured. */
function Coloured(Sink: SinkClass): SinkClass {
  return class {
    constructor(context: SinkContext) {
      return new Sink({ ...context, style: COLOURED });
    }
  } as SinkClass;
}

Deno.test("a coloured table is the plain one, where colours are not seen", async () => {
  const rows = manyRows(2000).map((row) => ({ ...row, data: undefined }));
  for (const tracer of ["function", "function_graph"] as const) {
    const info = { tracer, functions: FUNCTIONS, originNs: 7_000_000_000n };
    const sinks = [StreamSink, tracer === "function" ? AggregateSink : GraphSink];
    for (const Sink of sinks) {
      const plain = printableLines(await written(Sink, info, rows));
      const bytes = await written(Coloured(Sink), info, rows);
      const coloured = bytes.replaceAll("\x1b", "ESC");
      assert.ok(!plain.includes("\x1b"));
      assert.equal(coloured.replaceAll(/ESC\[\d*m/g, ""), plain);
      const lines = coloured.split("\n").filter((line) => !/^(?:===)?$/.test(line));
      assert.match(lines[0], /^ESC\[1mTimestamp .*FunctionESC\[0m$/);
      for (const line of lines.slice(1)) {
        assert.match(line, /^ *\d+ +\d+ .*ESC\[2m\S+ *ESC\[0m .*(?:ESC\[36m.+ESC\[0m|\})/);
      }
    }
  }
});
