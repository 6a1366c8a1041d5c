import assert from "node:assert/strict";
import fc from "fast-check";
import { GraphSink } from "../../../lib/output/aggregate/graph.ts";
import { FakeFields, textFieldsOfData, textOfData } from "../../support/fake_fields.ts";
import {
  endsPacket,
  lose,
  run,
  stepsArbitrary,
  truePartners,
  withPackets,
} from "../../support/graph_calls.ts";
import {
  byTime,
  graphText,
  packetsOf,
  pairByStack,
  type Partners,
} from "../../support/graph_reference.ts";
import { manyRows } from "../../support/any_rows.ts";
import {
  assertSameText,
  assertWrites,
  assertWritesAnyEvents,
  assertWritesUpToAnError,
  type Reference,
  type TraceInfo,
  written,
} from "../../support/sink_fixture.ts";
import { FUNCTIONS, type Row } from "../../support/row.ts";

const reference: Reference = (rows, info, text) =>
  graphText(rows, pairByStack(rows), info, endsPacket, text);

function traceInfo(withFields: boolean): TraceInfo {
  const openFields = withFields ? new FakeFields().open : undefined;
  return { tracer: "function_graph", functions: FUNCTIONS, originNs: 12_345n, openFields };
}

/** Asserts that the output is the tree of these calls. */
async function assertTree(
  rows: readonly Row[],
  partners: Partners,
  withFields: boolean,
): Promise<void> {
  const info = traceInfo(withFields);
  const text = (row: Row) => withFields ? textFieldsOfData(row.data!) : "";
  const expected = graphText(rows, partners, info, endsPacket, text);
  assertSameText(await written(GraphSink, info, rows), expected);
}

Deno.test("GraphSink writes the trees of all calls, in whatever order their records come", async () => {
  await fc.assert(
    fc.asyncProperty(
      stepsArbitrary,
      fc.boolean(),
      fc.boolean(),
      async (steps, withFields, follows) => {
        const { calls, rows } = follows ? withPackets(run(steps)) : run(steps);
        await assertTree(rows, truePartners(calls, rows), withFields);
      },
    ),
  );
});

Deno.test("GraphSink writes the trees of what is left when records are lost", async () => {
  await fc.assert(
    fc.asyncProperty(stepsArbitrary, fc.boolean(), async (steps, withFields) => {
      const trace = run(steps);
      const rows = lose(trace);
      await assertTree(rows, truePartners(trace.calls, rows), withFields);
    }),
  );
});

/** The lines of an output where there is a formatter, by the text of their event. */
function linesById(text: string) {
  const [header, ...lines] = text.split("\n");
  const callsAt = header.indexOf("Function");
  return new Map(
    lines.filter((line) => line.includes("é")).map((line) => {
      const callAndId = line.slice(callsAt);
      const idAt = callAndId.indexOf("é");
      const columns = line.slice(0, callsAt).split(/ +/).join(" ");
      const call = callAndId.slice(0, idAt).trimStart();
      return [callAndId.slice(idAt), { columns, call, indent: idAt - call.length }];
    }),
  );
}

Deno.test("GraphSink writes whole calls as if nothing was lost, but for the levels around them", async () => {
  await fc.assert(
    fc.asyncProperty(stepsArbitrary, async (steps) => {
      const { calls, rows, lost } = run(steps);
      const left = lose({ calls, rows, lost });
      const [before, after] = await Promise.all(
        [rows, left].map(async (rows) =>
          linesById(await written(GraphSink, traceInfo(true), rows))
        ),
      );
      assert.deepEqual([before.size, after.size], [rows.length, left.length]);
      const whole = truePartners(calls, rows), stillWhole = truePartners(calls, left);
      const packets = packetsOf(rows, whole, endsPacket);
      const packetOf = new Map(packets.flatMap((packet) => packet.map((row) => [row, packet])));
      for (const { entry, exit, parent } of calls) {
        if (!stillWhole.has(entry)) continue;
        let lostLevels = 0;
        for (let outer = parent; outer !== undefined; outer = outer.parent) {
          const isAround = packetOf.get(outer.entry) === packetOf.get(entry);
          const isLost = whole.has(outer.entry) && !stillWhole.has(outer.entry);
          if (isAround && isLost) lostLevels++;
        }
        for (const id of [entry, exit!].map(({ data }) => textOfData(data!))) {
          const { indent, ...line } = before.get(id)!;
          assert.deepEqual(after.get(id), { ...line, indent: indent - 2 * lostLevels });
        }
      }
    }),
  );
});

Deno.test("GraphSink groups, pairs and sorts any events, well nested or not", async () => {
  await assertWritesAnyEvents(GraphSink, reference, textFieldsOfData, ["function_graph"], byTime);
});

Deno.test("GraphSink pairs by the innermost open call, whatever is lost", async () => {
  await fc.assert(
    fc.asyncProperty(stepsArbitrary, fc.boolean(), async (steps, withFields) => {
      const { rows, lost } = run(steps);
      const left = rows.filter((row) => !lost.has(row));
      await assertTree(left, pairByStack(left), withFields);
    }),
  );
});

Deno.test("GraphSink keeps events of many chunks, thousands of packets and as many open calls", async () => {
  const { calls, rows } = run(fc.sample(stepsArbitrary, { numRuns: 4000, seed: 1 }).flat());
  assert.ok(rows.length > 100_000, `${rows.length} events`);
  await assertTree(rows, truePartners(calls, rows), false);
  for (const withData of [false, true]) {
    const feed = {
      tracer: "function_graph" as const,
      originNs: 2n ** 62n,
      batchSize: 10_007,
      withData,
      withFields: withData,
      follows: withData,
    };
    await assertWrites(GraphSink, reference, textFieldsOfData, byTime(manyRows(70_000)), feed);
  }
});

Deno.test("GraphSink indents calls that are nested deeper than any of the kernel's", async () => {
  const depth = 3000;
  const rows = Array.from({ length: 2 * depth }, (_, i) => (
    { skb: 256n, timestamp: i, functionIndex: 0, cpu: 0, isReturn: i >= depth }
  ));
  const [header, ...lines] = (await written(GraphSink, traceInfo(false), rows)).split("\n");
  const callsAt = header.indexOf("Function");
  const levels = lines.map((line) => line.slice(callsAt).search(/\S/) / 2);
  const inwards = Array.from({ length: depth }, (_, level) => level);
  // The innermost call is one line; after the last one there is nothing.
  assert.deepEqual(levels, [...inwards, ...inwards.toReversed().slice(1), -0.5]);
});

Deno.test("GraphSink writes the lines before those that cannot be formatted", async () => {
  await assertWritesUpToAnError(GraphSink, reference, textFieldsOfData, "function_graph");
});
