import assert from "node:assert/strict";
import type { OpenFields } from "../../../lib/event/fields.ts";
import { ORIGINS } from "../../../lib/event/lineage.ts";
import { JsonSink } from "../../../lib/output/json.ts";
import type { SinkContext } from "../../../lib/output/sink.ts";
import { dataOfText, jsonFieldsOfData } from "../../support/fake_fields.ts";
import { parseEvents } from "../../support/json_schema.ts";
import { manyRows } from "../../support/any_rows.ts";
import {
  assertWrites,
  assertWritesAnyEvents,
  assertWritesUpToAnError,
  contextOf,
  identified,
  sectionsOf,
  type TraceInfo,
  written,
  writtenLive,
} from "../../support/sink_fixture.ts";
import { FUNCTIONS, type Row } from "../../support/row.ts";
import { FAMILY } from "../../support/family.ts";

/** JsonSink, all of whose lines fit the schema. */
class CheckedSink extends JsonSink {
  constructor(context: SinkContext) {
    super({
      ...context,
      write: (bytes) => {
        parseEvents(new TextDecoder().decode(bytes));
        return context.write(bytes);
      },
    });
  }
}

function json(name: string): string {
  return JSON.stringify(name).replaceAll("\x7f", "\\u007f");
}

function lineageFields({ lineage }: Row): string {
  if (lineage === undefined || lineage.packet === 0) return "";
  const { packet, relative, origin } = lineage;
  const name = ORIGINS[origin];
  if (name === "matched") return `"packet":${packet},`;
  if (name === "merged") return `"packet":${packet},"merged_into":${relative},`;
  return `"packet":${packet},"parent":${relative},"packet_origin":"${name}",`;
}

function expected(
  rows: readonly Row[],
  { originNs }: Pick<TraceInfo, "originNs">,
  text = (_row: Row) => "",
): string {
  return rows.map((row) => {
    const { skb, timestamp, functionIndex, cpu, isReturn = false } = row;
    const { module, name } = FUNCTIONS[functionIndex];
    return `{"packet_id":"0x${skb.toString(16).padStart(16, "0")}",${lineageFields(row)}` +
      `"timestamp":${originNs + BigInt(timestamp)},"processor_id":${cpu},` +
      `"module":${json(module)},"function":${json(name)},` +
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
  await assertWritesAnyEvents(CheckedSink, expected, jsonFieldsOfData);
});

Deno.test("JsonSink says which packet an event is about, and what it came from", async () => {
  const info = { tracer: "function_graph" as const, functions: FUNCTIONS, originNs: 1n };
  const events = parseEvents(await written(CheckedSink, info, FAMILY)) as Record<string, unknown>[];
  const lineages = events.map(({ packet, parent, packet_origin, merged_into }) =>
    [packet, parent, packet_origin, merged_into].join(" ").trim()
  );
  assert.deepEqual(lineages, [
    ...["3", "12 3 copy", "12 3 copy", "5", "5", "12 3 copy", "12 3 copy"],
    ...["12   5", "12   5", "3", ""],
  ]);
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
  const info = { tracer: "function", functions: FUNCTIONS, originNs } as const;
  const sink = new CheckedSink(contextOf(info, (bytes) => {
    sizes.push(bytes.length);
    return Promise.resolve();
  }, sectionsOf(rows)));
  await sink.write(identified(rows, info));
  assert.ok(sizes.length > 1 && Math.max(...sizes) < 320_000, `pieces of ${sizes} bytes`);
});

Deno.test("JsonSink writes batches larger than its buffer, with data and without", async () => {
  const rows = manyRows(20_000);
  for (const withData of [false, true]) {
    const feed = {
      tracer: "function_graph" as const,
      originNs: 2n ** 60n,
      batchSize: rows.length,
      withData,
      withFields: withData,
      follows: withData,
    };
    await assertWrites(CheckedSink, expected, jsonFieldsOfData, rows, feed);
  }
});

Deno.test("JsonSink writes the lines before those that cannot be formatted", async () => {
  await assertWritesUpToAnError(JsonSink, expected, jsonFieldsOfData);
});

Deno.test("JsonSink puts fields into the object, whatever their number", async () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  const openFields: OpenFields = (writer) => ({
    failures: 0,
    read() {
      writer.endEvent();
      writer.dump(bytes("(mark: 0x1)"), 0, 11);
      writer.endEvent();
      writer.field(writer.encodeName(bytes("len")));
      writer.integer(3);
      writer.field(writer.encodeName(bytes("flags")));
      writer.constant(writer.encodeSet([], "0"));
      writer.endEvent();
    },
  });
  const info = { tracer: "function" as const, functions: FUNCTIONS, originNs: 1n, openFields };
  const row = { skb: 255n, timestamp: 1, functionIndex: 0, cpu: 3, data: dataOfText(0) };
  const events = parseEvents(await written(CheckedSink, info, [row, row, row]));
  assert.deepEqual(
    events.map((event) => Object.entries(event as object).slice(5)),
    [
      [["is_return", false]],
      [["is_return", false], ["dump", "(mark: 0x1)"]],
      [["is_return", false], ["len", 3], ["flags", []]],
    ],
  );
});

Deno.test("JsonSink hands every row on before write resolves", async () => {
  const rows = [{ skb: 1n, timestamp: 5, functionIndex: 0, cpu: 3 }];
  assert.equal(await writtenLive(CheckedSink, rows), expected(rows, { originNs: 0n }));
});

Deno.test("JsonSink passes on that its output is closed", async () => {
  const info = { tracer: "function", functions: FUNCTIONS, originNs: 0n } as const;
  const sink = new JsonSink(contextOf(info, () => Promise.reject(new Deno.errors.BrokenPipe())));
  const batch = identified([{ skb: 1n, timestamp: 5, functionIndex: 0, cpu: 3 }], info);
  await assert.rejects(sink.write(batch), Deno.errors.BrokenPipe);
});
