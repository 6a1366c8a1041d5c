import assert from "node:assert/strict";
import fc from "fast-check";
import { IdentifyPackets } from "../../lib/analysis/identify_packets.ts";
import { EventBatch } from "../../lib/event/batch.ts";
import { GROUP_EVENTS, type OpenFields } from "../../lib/event/fields.ts";
import { DATA, DATA_BYTES } from "../../lib/event/section.ts";
import {
  type TracedFunction,
  type TraceHeader,
  type Tracer,
  TRACERS,
} from "../../lib/event/trace_header.ts";
import type { Sink, SinkContext, WriteBytes } from "../../lib/output/sink.ts";
import { dataOfText, FakeFields } from "./fake_fields.ts";

/** An event as a sink gets it in a batch's row. */
export interface Row {
  readonly skb: bigint;
  /** In ns since the origin. */
  readonly timestamp: number;
  readonly functionIndex: number;
  readonly cpu: number;
  /** 0 where it is left out. */
  readonly task?: number;
  /** An entry where it is left out. */
  readonly isReturn?: boolean;
  /** `DATA_BYTES` bytes, in traces with a module. */
  readonly data?: Uint8Array;
}

/** A table with the two functions that end a packet, and names that JSON must escape. */
export const FUNCTIONS: readonly TracedFunction[] = [
  { name: "ip_rcv", module: "vmlinux" },
  { name: "kfree_skbmem", module: "vmlinux" },
  { name: "nf_conntrack_in.constprop.0", module: "nf_conntrack" },
  { name: `odd"name\\with\u{1F427}and\u007f`, module: "ödd" },
  { name: "napi_skb_cache_put.isra.0.constprop.1", module: "vmlinux" },
  { name: "kfree_skbmem.part.0", module: "vmlinux" },
];

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
export function contextOf(info: TraceInfo, write: WriteBytes, withData = false): SinkContext {
  const { openFields, bound, ...header } = info;
  return { header: { ...header, sections: withData ? [DATA] : [] }, openFields, bound, write };
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
  const withData = rows.some(({ data }) => data !== undefined);
  const write = async (bytes: Uint8Array) => {
    // Until the promise resolves the bytes belong to the output, not to the sink.
    await Promise.resolve();
    text += decoder.decode(bytes, { stream: true });
  };
  const sink = new Sink(contextOf(info, write, withData));
  const identify = new IdentifyPackets(info);
  const batch = new EventBatch(batchSize, withData ? [DATA] : []);
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
  batch.length = rows.length;
  rows.forEach((row, i) => {
    skb[2 * i] = Number(row.skb & 0xffff_ffffn);
    skb[2 * i + 1] = Number(row.skb >> 32n);
    timestamp[i] = row.timestamp;
    functionIndex[i] = row.functionIndex;
    cpu[i] = row.cpu;
    task[i] = row.task ?? 0;
    isReturn[i] = row.isReturn ? 1 : 0;
    if (row.data !== undefined) new Uint8Array(data!.buffer).set(row.data, i * DATA_BYTES);
  });
}

/** Any data; its text is seldom longer than a sink's buffer, but then up to three times. */
const dataArbitrary = fc.tuple(
  fc.oneof(
    { weight: 12, arbitrary: fc.nat(40) },
    { weight: 1, arbitrary: fc.nat(800_000) },
  ),
  fc.uint8Array({ minLength: DATA_BYTES - 4, maxLength: DATA_BYTES - 4 }),
).map(([length, rest]) => dataOfText(length, rest));

/** Events of few packets, close in time, with ties, some of them older than the origin. */
export const rowsArbitrary: fc.Arbitrary<Row[]> = fc.array(
  fc.record({
    skb: fc.constantFrom(
      0xffff_8880_03e1_a900n,
      0xffff_8880_03e1_aa00n,
      0xffff_8881_03e1_a900n,
      0n,
      2n ** 64n - 1n,
    ),
    timestamp: fc.oneof(
      fc.integer({ min: -50, max: 50 }),
      fc.integer({ min: -50, max: 2 ** 40 }),
      fc.constantFrom(999_999_999, 1_000_000_000, 2 ** 52),
    ),
    functionIndex: fc.nat(FUNCTIONS.length - 1),
    cpu: fc.oneof(fc.nat(9), fc.nat(0x7fff)),
    task: fc.oneof(fc.nat(2), fc.constantFrom(0xffffffff, 0xfffffffe)),
    isReturn: fc.boolean(),
    data: dataArbitrary,
  }),
  { maxLength: 60 },
);

/** Times since boot, in ns: from less than a second to more than 2^53, and the edges of seconds. */
const originArbitrary: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt(50n, 2n ** 63n),
  fc.bigInt(50n, 2_000_000_000n),
  fc.bigInt(1n, 2n ** 34n).chain((seconds) =>
    fc.bigInt(-3n, 3n).map((ns) => seconds * 1_000_000_000n + ns)
  ),
);

/** A million events would be slow to check: this many cross every buffer and chunk there is. */
export function manyRows(count: number): Row[] {
  let state = 1;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
  return Array.from({ length: count }, (_, i) => ({
    skb: 0xffff_8880_0000_0000n + BigInt(random(count / 10)) * 256n,
    timestamp: i * 40_000 + random(10 ** 9),
    functionIndex: random(FUNCTIONS.length),
    cpu: random(200),
    task: random(200),
    isReturn: random(2) === 1,
    data: dataOfText(random(20_000) === 0 ? 700_000 : random(30), [i, i >> 8, i >> 16]),
  }));
}

/** How `assertWrites` feeds a sink. */
interface Feed {
  readonly tracer: Tracer;
  readonly originNs: bigint;
  readonly batchSize: number;
  /** Whether batches carry the rows' data. */
  readonly withData: boolean;
  readonly withFields: boolean;
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
  { tracer, originNs, batchSize, withData, withFields }: Feed,
): Promise<void> {
  const given = rows.map((row) => ({
    ...row,
    isReturn: tracer === "function_graph" && row.isReturn,
    data: withData ? row.data : undefined,
  }));
  const fields = withFields ? new FakeFields() : undefined;
  const info = { tracer, functions: FUNCTIONS, originNs, openFields: fields?.open };
  const text = await written(Sink, info, given, batchSize);
  const read: Uint8Array[] = [];
  const expected = reference(given, info, ({ data = new Uint8Array(DATA_BYTES) }) => {
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
  }, true));
  const batch = identified(rows, info, true);
  await assert.rejects(async () => {
    await sink.write(batch);
    await sink.finish();
  }, /dump failed/);
  const before = rows.slice(0, 2 * GROUP_EVENTS);
  assertSameText(text, reference(before, info, ({ data }) => textFields(data!)));
}

/** A batch of all rows, each with its packet. */
export function identified(rows: readonly Row[], info: TraceInfo, withData = false): EventBatch {
  const batch = new EventBatch(rows.length, withData ? [DATA] : []);
  fill(batch, rows);
  new IdentifyPackets(info).apply(batch);
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
