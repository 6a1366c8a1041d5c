import assert from "node:assert/strict";
import { EventBatch } from "../../../lib/event/event.ts";
import { JsonSink } from "../../../lib/output/json.ts";
import type { TraceInfo, WriteBytes } from "../../../lib/output/sink.ts";
import { parseEvents } from "../../support/json_schema.ts";
import { dataOfText } from "../../support/fake_fields.ts";
import {
  assertWrites,
  assertWritesAnyEvents,
  assertWritesUpToAnError,
  fill,
  FUNCTIONS,
  manyRows,
  type Row,
  written,
  writtenLive,
} from "../../support/sink_fixture.ts";

/** JsonSink, all of whose lines fit the schema; what a `FakeFormatter` adds to them is no JSON. */
class CheckedSink extends JsonSink {
  constructor(info: TraceInfo, write: WriteBytes) {
    super(info, (bytes) => {
      if (info.dataFormatter === undefined) parseEvents(new TextDecoder().decode(bytes));
      return write(bytes);
    });
  }
}

function expected(
  rows: readonly Row[],
  { originNs }: Pick<TraceInfo, "originNs">,
  text = (_row: Row) => "",
): string {
  return rows.map((row) => {
    const { skb, timestamp, functionIndex, cpu, isReturn = false } = row;
    const { module, name } = FUNCTIONS[functionIndex];
    return `{"packet_id":"0x${skb.toString(16).padStart(16, "0")}",` +
      `"timestamp":${originNs + BigInt(timestamp)},"processor_id":${cpu},` +
      `"module":${JSON.stringify(module)},"function":${JSON.stringify(name)},` +
      `"is_return":${isReturn}${text(row)}}\n`;
  }).join("");
}

Deno.test("JsonSink writes one object a line, with the documented fields in order", async () => {
  const info = { tracer: "function" as const, functions: FUNCTIONS, originNs: 123_456_000n };
  const row = { skb: 0xffff_8880_03e1_a900n, timestamp: 789, functionIndex: 0, cpu: 0 };
  assert.equal(
    await written(CheckedSink, info, [row]),
    `{"packet_id":"0xffff888003e1a900","timestamp":123456789,"processor_id":0,` +
      `"module":"vmlinux","function":"ip_rcv","is_return":false}\n`,
  );
});

Deno.test("JsonSink writes any events exactly, with timestamps beyond 2^53", async () => {
  await assertWritesAnyEvents(CheckedSink, expected);
});

Deno.test("JsonSink's lines parse as JSON, names with special characters included", async () => {
  const rows = FUNCTIONS.map((_, functionIndex) => ({
    skb: 255n,
    timestamp: functionIndex,
    functionIndex,
    cpu: 65535,
  }));
  const text = await written(CheckedSink, {
    tracer: "function",
    functions: FUNCTIONS,
    originNs: 1000n,
  }, rows);
  assert.deepEqual(
    parseEvents(text),
    FUNCTIONS.map(({ module, name }, i) => ({
      packet_id: "0x00000000000000ff",
      timestamp: 1000 + i,
      processor_id: 65535,
      module,
      function: name,
      is_return: false,
    })),
  );
});

Deno.test("JsonSink writes batches larger than its buffer, piece by piece", async () => {
  const rows = manyRows(20_000);
  const originNs = 2n ** 60n;
  const sizes: number[] = [];
  const sink = new CheckedSink({ tracer: "function", functions: FUNCTIONS, originNs }, (bytes) => {
    sizes.push(bytes.length);
    return Promise.resolve();
  });
  const batch = new EventBatch(rows.length, true);
  fill(batch, rows);
  await sink.write(batch);
  assert.ok(sizes.length > 1 && Math.max(...sizes) < 300_000, `pieces of ${sizes} bytes`);
});

Deno.test("JsonSink writes batches larger than its buffer, with data and without", async () => {
  const rows = manyRows(20_000);
  for (const withData of [false, true]) {
    const feed = {
      tracer: "function_graph" as const,
      originNs: 2n ** 60n,
      batchSize: rows.length,
      withData,
      withFormatter: withData,
    };
    await assertWrites(CheckedSink, expected, rows, feed);
  }
});

Deno.test("JsonSink writes the lines before those that cannot be formatted", async () => {
  await assertWritesUpToAnError(JsonSink, expected);
});

Deno.test("JsonSink puts the script's fields into the object, whatever their number", async () => {
  const texts = ["", `,"dump":"(mark: 0x1)"`, `,"len":3,"dump":[]`].map((text) =>
    new TextEncoder().encode(text)
  );
  let end = 0;
  const ends = Uint32Array.from(texts, ({ length }) => end += length);
  const bytes = Uint8Array.from(texts.flatMap((text) => [...text]));
  const info = {
    tracer: "function" as const,
    functions: FUNCTIONS,
    originNs: 1n,
    dataFormatter: { failures: 0, format: () => ({ bytes, ends }) },
  };
  const row = { skb: 255n, timestamp: 1, functionIndex: 0, cpu: 3, data: dataOfText(0) };
  const events = parseEvents(await written(JsonSink, info, [row, row, row]));
  assert.deepEqual(
    events.map((event) => Object.entries(event as object).slice(5)),
    [
      [["is_return", false]],
      [["is_return", false], ["dump", "(mark: 0x1)"]],
      [["is_return", false], ["len", 3], ["dump", []]],
    ],
  );
});

Deno.test("JsonSink hands every row on before write resolves", async () => {
  const rows = [{ skb: 1n, timestamp: 5, functionIndex: 0, cpu: 3 }];
  assert.equal(await writtenLive(CheckedSink, rows), expected(rows, { originNs: 0n }));
});

Deno.test("JsonSink passes on that its output is closed", async () => {
  const sink = new JsonSink(
    { tracer: "function", functions: FUNCTIONS, originNs: 0n },
    () => Promise.reject(new Deno.errors.BrokenPipe()),
  );
  const batch = new EventBatch(1);
  fill(batch, [{ skb: 1n, timestamp: 5, functionIndex: 0, cpu: 3 }]);
  await assert.rejects(sink.write(batch), Deno.errors.BrokenPipe);
});
