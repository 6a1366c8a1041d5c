import assert from "node:assert/strict";
import fc from "fast-check";
import { FollowJourneys } from "../../lib/analysis/follow_journeys.ts";
import { IdentifyPackets } from "../../lib/analysis/identify_packets.ts";
import type { Stage } from "../../lib/analysis/stage.ts";
import { EventBatch } from "../../lib/event/batch.ts";
import { GROUP_EVENTS, type OpenFields } from "../../lib/event/fields.ts";
import { LINEAGE } from "../../lib/event/lineage.ts";
import { DATA, DATA_BYTES, type Section } from "../../lib/event/section.ts";
import { type TraceHeader, type Tracer, TRACERS } from "../../lib/event/trace_header.ts";
import type { Sink, SinkContext, WriteBytes } from "../../lib/output/sink.ts";
import { originArbitrary, rowsArbitrary } from "./any_rows.ts";
import { dataOfText, FakeFields } from "./fake_fields.ts";
import { isFollowed, withLineage } from "./followed.ts";
import { FUNCTIONS, type Row } from "./row.ts";

export type SinkClass = new (context: SinkContext) => Sink;

/** What a test says of a trace. */
export type TraceInfo = Omit<TraceHeader, "sections"> & Pick<SinkContext, "openFields" | "bound">;

/** What a sink should write; asks for the text of each event's data in the order of the lines. */
export type Reference = (
  rows: readonly Row[],
  info: TraceInfo,
  text: (row: Row) => string,
) => string;

/** The header and the rest that a sink gets. */
export function contextOf(
  info: TraceInfo,
  write: WriteBytes,
  sections: readonly Section[] = [],
): SinkContext {
  const { openFields, bound, ...header } = info;
  return { header: { ...header, sections }, openFields, bound, write };
}

/** The sections that a trace of these rows has. */
export function sectionsOf(rows: readonly Row[]): Section[] {
  const sections: Section[] = rows.some(({ data }) => data !== undefined) ? [DATA] : [];
  return isFollowed(rows) ? [...sections, LINEAGE] : sections;
}

/** The stage that identifies packets in a trace with these sections. */
export function identifier(info: TraceInfo, sections: readonly Section[]): Stage {
  return sections.includes(LINEAGE) ? new FollowJourneys(info) : new IdentifyPackets(info);
}

/** What a sink writes for `rows`, given to it in batches of at most `batchSize`. */
export async function written(
  Sink: SinkClass,
  info: TraceInfo,
  rows: readonly Row[],
  batchSize = 1024,
): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  const sections = sectionsOf(rows);
  const write = async (bytes: Uint8Array) => {
    // Until the promise resolves the bytes belong to the output, not to the sink.
    await Promise.resolve();
    text += decoder.decode(bytes, { stream: true });
  };
  const sink = new Sink(contextOf(info, write, sections));
  const identify = identifier(info, sections);
  const batch = new EventBatch(batchSize, sections);
  for (let start = 0; start < rows.length; start += batchSize) {
    fill(batch, rows.slice(start, start + batchSize));
    identify.apply(batch);
    await sink.write(batch);
  }
  await sink.finish();
  return text + decoder.decode();
}

/** Makes `rows` the batch's rows. */
export function fill(batch: EventBatch, rows: readonly Row[]): void {
  const { skb, timestamp, functionIndex, cpu, task, isReturn } = batch.columns;
  const data = batch.section(DATA)?.bytes;
  const lineage = batch.section(LINEAGE);
  batch.length = rows.length;
  rows.forEach((row, i) => {
    skb[2 * i] = Number(row.skb & 0xffff_ffffn);
    skb[2 * i + 1] = Number(row.skb >> 32n);
    timestamp[i] = row.timestamp;
    functionIndex[i] = row.functionIndex;
    cpu[i] = row.cpu;
    task[i] = row.task ?? 0;
    isReturn[i] = row.isReturn ? 1 : 0;
    if (lineage !== undefined) {
      const entry = row.isReturn ? undefined : row.lineage;
      lineage.packet[i] = entry?.packet ?? 0;
      lineage.relative[i] = entry?.relative ?? 0;
      lineage.journey[i] = entry?.journey ?? 0;
      lineage.origin[i] = entry?.origin ?? 0;
    }
    if (row.data !== undefined) new Uint8Array(data!.buffer).set(row.data, i * DATA_BYTES);
  });
}

/** How `assertWrites` feeds a sink. */
interface Feed {
  readonly tracer: Tracer;
  readonly originNs: bigint;
  readonly batchSize: number;
  /** Whether batches carry the rows' data. */
  readonly withData: boolean;
  readonly withFields: boolean;
  /** Whether the trace follows packets. */
  readonly follows: boolean;
}

/**
 * Holds what a sink writes, and what its fields are read from, against a plain reference.
 * @param textFields what the sink makes of the text of an event: see fake_fields.ts
 */
export async function assertWrites(
  Sink: SinkClass,
  reference: Reference,
  textFields: (data: Uint8Array) => string,
  rows: readonly Row[],
  { tracer, originNs, batchSize, withData, withFields, follows }: Feed,
): Promise<void> {
  const given = rows.map((row) => ({
    ...row,
    isReturn: tracer === "function_graph" && row.isReturn,
    data: withData ? row.data : undefined,
    lineage: follows ? row.lineage : undefined,
  }));
  const fields = withFields ? new FakeFields() : undefined;
  const info = { tracer, functions: FUNCTIONS, originNs, openFields: fields?.open };
  const text = await written(Sink, info, given, batchSize);
  const read: Uint8Array[] = [];
  const expected = reference(withLineage(given), info, ({ data = new Uint8Array(DATA_BYTES) }) => {
    read.push(data);
    return withFields ? textFields(data) : "";
  });
  assertSameText(text, expected);
  fields?.assertRead(read, Math.ceil(rows.length / batchSize));
}

/**
 * Whatever the rows, the origin and the size of batches, with and without data and fields.
 * @param arrange puts the rows into an order in which a source may give them
 */
export async function assertWritesAnyEvents(
  Sink: SinkClass,
  reference: Reference,
  textFields: (data: Uint8Array) => string,
  tracers: readonly Tracer[] = TRACERS,
  arrange = (rows: readonly Row[]) => rows,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(
      rowsArbitrary,
      fc.record({
        tracer: fc.constantFrom(...tracers),
        originNs: originArbitrary,
        batchSize: fc.integer({ min: 1, max: 20 }),
        withData: fc.boolean(),
        withFields: fc.boolean(),
        follows: fc.boolean(),
      }),
      (rows, feed) => assertWrites(Sink, reference, textFields, arrange(rows), feed),
    ),
  );
}

/** Like `assert.equal`, but shows only where long texts begin to differ. */
export function assertSameText(actual: string, expected: string): void {
  if (actual === expected) return;
  let at = 0;
  while (actual[at] === expected[at]) at++;
  const near = (text: string) => text.slice(Math.max(0, at - 200), at + 200);
  assert.equal(near(actual), near(expected), `texts differ at character ${at}`);
}

/** What reading fields throws comes out of the sink, after the lines whose fields were read before. */
export async function assertWritesUpToAnError(
  Sink: SinkClass,
  reference: Reference,
  textFields: (data: Uint8Array) => string,
  tracer: Tracer = "function",
): Promise<void> {
  const fields = new FakeFields();
  const openFields: OpenFields = (writer) => {
    const reader = fields.open(writer);
    return {
      failures: 0,
      read(data) {
        if (fields.calls.length === 2) throw new Error("dump failed");
        reader.read(data);
      },
    };
  };
  const rows = Array.from({ length: 1000 }, (_, i) => (
    { skb: 1n, timestamp: i, functionIndex: 0, cpu: 3, data: dataOfText(i) }
  ));
  let text = "";
  const info = { tracer, functions: FUNCTIONS, originNs: 1000n, openFields };
  const sink = new Sink(contextOf(info, (bytes) => {
    text += new TextDecoder().decode(bytes);
    return Promise.resolve();
  }, [DATA]));
  const batch = identified(rows, info);
  await assert.rejects(async () => {
    await sink.write(batch);
    await sink.finish();
  }, /dump failed/);
  const before = rows.slice(0, 2 * GROUP_EVENTS);
  assertSameText(text, reference(before, info, ({ data }) => textFields(data!)));
}

/** A batch of all rows, each with its packet. */
export function identified(rows: readonly Row[], info: TraceInfo): EventBatch {
  const sections = sectionsOf(rows);
  const batch = new EventBatch(rows.length, sections);
  fill(batch, rows);
  identifier(info, sections).apply(batch);
  return batch;
}

/** What a sink, origin 0, has written of `rows` by the time that `write` resolves. */
export async function writtenLive(Sink: SinkClass, rows: readonly Row[]): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  const info = { tracer: "function", functions: FUNCTIONS, originNs: 0n } as const;
  const sink = new Sink(contextOf(info, (bytes) => {
    text += decoder.decode(bytes, { stream: true });
    return Promise.resolve();
  }));
  await sink.write(identified(rows, info));
  return text;
}
