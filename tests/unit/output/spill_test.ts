/** What is printed does not depend on how much is held in memory. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { IpftError } from "../../../lib/base/errors.ts";
import type { Tracer } from "../../../lib/event/trace_header.ts";
import { AggregateSink } from "../../../lib/output/aggregate/aggregate.ts";
import { GraphSink } from "../../../lib/output/aggregate/graph.ts";
import { HeldMemory } from "../../../lib/output/held_memory.ts";
import { FakeFields } from "../../support/fake_fields.ts";
import { run, stepsArbitrary } from "../../support/graph_calls.ts";
import { manyRows, rowsArbitrary } from "../../support/any_rows.ts";
import {
  assertSameText,
  type SinkClass,
  type TraceInfo,
  written,
} from "../../support/sink_fixture.ts";
import { FUNCTIONS, type Row } from "../../support/row.ts";
import { TinyBound } from "../../support/tiny_bound.ts";

const SINKS: readonly (readonly [SinkClass, Tracer])[] = [
  [AggregateSink, "function"],
  [AggregateSink, "function_graph"],
  [GraphSink, "function_graph"],
];

/** How many events go to the file at once: from one to some thirty. */
const boundArbitrary = fc.integer({ min: 1, max: 4000 }).map((bytes) => new TinyBound(bytes));

const feedArbitrary = fc.record({
  sink: fc.constantFrom(...SINKS),
  withData: fc.boolean(),
  withFields: fc.boolean(),
  follows: fc.boolean(),
  batchSize: fc.integer({ min: 1, max: 30 }),
  bound: boundArbitrary,
});

type Feed = typeof feedArbitrary extends fc.Arbitrary<infer T> ? T : never;

/** Asserts that the same is written with the bound as without it. */
async function assertSame(
  rows: readonly Row[],
  { sink: [Sink, tracer], withData, withFields, follows, batchSize, bound }: Feed,
): Promise<void> {
  const given = rows
    .filter(({ isReturn }) => tracer === "function_graph" || !isReturn)
    .map((row) => ({
      ...row,
      data: withData ? row.data : undefined,
      lineage: follows ? row.lineage : undefined,
    }));
  const info = (): TraceInfo => ({
    tracer,
    functions: FUNCTIONS,
    originNs: 12_345n,
    openFields: withFields ? new FakeFields().open : undefined,
  });
  const spilt = await written(Sink, { ...info(), bound }, given, batchSize);
  assertSameText(spilt, await written(Sink, info(), given, batchSize));
  assert.deepEqual([bound.dropped, bound.errors], [0, 0]);
}

Deno.test("a file changes nothing in what is written of any events, in any order", async () => {
  await fc.assert(fc.asyncProperty(rowsArbitrary, feedArbitrary, assertSame), { numRuns: 500 });
});

Deno.test("a file changes nothing in what is written of calls, whatever is lost", async () => {
  await fc.assert(
    fc.asyncProperty(stepsArbitrary, fc.boolean(), feedArbitrary, (steps, isAll, feed) => {
      const { rows, lost } = run(steps);
      return assertSame(isAll ? rows : rows.filter((row) => !lost.has(row)), feed);
    }),
    { numRuns: 500 },
  );
});

Deno.test("a file changes nothing in what is written of many events of many packets", async () => {
  const rows = manyRows(60_000);
  for (const sink of SINKS) {
    for (const withFields of [false, true]) {
      const bound = new TinyBound(500_000);
      const follows = withFields;
      await assertSame(rows, { sink, withData: true, withFields, follows, batchSize: 1000, bound });
      assert(bound.mostBytes > 1_000_000);
    }
  }
});

Deno.test("events that go to a file on a disk come back as they were", async () => {
  const rows = manyRows(30_000).map((row) => ({ ...row, data: undefined }));
  const info = { tracer: "function_graph", functions: FUNCTIONS, originNs: 12_345n } as const;
  const messages: string[] = [];
  using memory = new HeldMemory(2 ** 27, undefined, (message) => messages.push(message));
  const bound = memory.boundOf(256);
  const text = await written(GraphSink, { ...info, bound }, rows);
  assertSameText(text, await written(GraphSink, info, rows));
  assert.match(messages[0], /^memory for events is full/);
  assert.equal(memory.notKept, 0);
});

Deno.test("events that neither memory nor the file has room for are counted, the others written", async () => {
  await fc.assert(
    fc.asyncProperty(
      stepsArbitrary,
      fc.constantFrom(...SINKS),
      boundArbitrary,
      fc.nat(200_000),
      async (steps, [Sink, tracer], { memoryBytes }, fileBytes) => {
        const rows = run(steps).rows.filter(({ isReturn }) =>
          tracer === "function_graph" || !isReturn
        );
        const given = rows.map((row) => ({ ...row, data: undefined }));
        const info = { tracer, functions: FUNCTIONS, originNs: 12_345n };
        const bound = new TinyBound(memoryBytes, fileBytes);
        const text = await written(Sink, { ...info, bound }, given, 7);
        const kept = given.slice(0, given.length - bound.dropped);
        assertSameText(text, await written(Sink, info, kept, 7));
        assert.equal(bound.errors, bound.dropped > 0 ? 1 : 0);
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("HeldMemory tells once that a file is used, which has no name", async () => {
  const directory = await Deno.makeTempDir();
  const messages: string[] = [];
  using memory = new HeldMemory(2 ** 27, directory, (message) => messages.push(message));
  const bounds = [memory.boundOf(2), memory.boundOf(2)];
  assert.deepEqual(bounds.map(({ memoryBytes }) => memoryBytes), [2 ** 25, 2 ** 25]);
  for (const { openFile } of bounds) {
    const file = openFile();
    const large = new Uint8Array(3_000_000).map((_, i) => i % 251);
    file.append(large);
    file.flush();
    const part = new Uint8Array(2_000_000);
    file.read(500_000, part);
    assert.deepEqual(part, large.subarray(500_000, 2_500_000));
    file.truncate(1000);
    assert.equal(file.sizeBytes, 1000);
    assert.throws(() => file.read(500, part), IpftError);
  }
  assert.deepEqual([...Deno.readDirSync(directory)], []);
  const [first, ...others] = messages;
  assert.equal(
    first,
    `memory for events is full (--memory, 128M): further ones go to a file in ${directory}`,
  );
  assert.ok(others.every((message) => message.includes("is in memory as well")));
  await Deno.remove(directory);
});

Deno.test("HeldMemory tells of a full disk once, and counts what an output has not kept", () => {
  const messages: string[] = [];
  using memory = new HeldMemory(2 ** 27, undefined, (message) => messages.push(message));
  const [a, b] = [memory.boundOf(2), memory.boundOf(2)];
  for (const bound of [a, b]) bound.onFull(new IpftError("cannot write"));
  a.onDropped(3);
  a.onDropped(4);
  b.onDropped(5);
  assert.equal(memory.notKept, 7);
  assert.deepEqual(messages, [
    "cannot write; the events that come from now on are not kept, but counted",
  ]);
});

Deno.test("HeldMemory refuses a directory that was named and cannot have files", () => {
  assert.throws(() => new HeldMemory(undefined, "/proc/no", assert.fail), /\/proc\/no.*--tmp/);
});
