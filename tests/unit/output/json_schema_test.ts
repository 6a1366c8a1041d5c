import assert from "node:assert/strict";
import fc from "fast-check";
import { EventBatch } from "../../../lib/event/batch.ts";
import type { ArraysOf, Columns } from "../../../lib/event/column.ts";
import { EVENT as COLUMNS } from "../../../lib/event/event.ts";
import { EVENT_FIELDS, type OpenFields, RESERVED_NAMES } from "../../../lib/event/fields.ts";
import { ORIGINS } from "../../../lib/event/lineage.ts";
import { DATA_BYTES } from "../../../lib/event/section.ts";
import { BpfExtension } from "../../../lib/extension/bpf_extension.ts";
import { JsonSink } from "../../../lib/output/json.ts";
import { SECTIONS } from "../../../lib/sections/sections.ts";
import schema from "../../../docs/json.schema.json" with { type: "json" };
import { EXPECTED } from "../../extensions/expected.ts";
import { parseEvents, sectionSchema } from "../../support/json_schema.ts";
import { withScript } from "../../support/lua_fixture.ts";
import { fill, written } from "../../support/sink_fixture.ts";
import { FUNCTIONS } from "../../support/row.ts";

const EVENT = {
  packet_id: "0xffff888003e1a900",
  timestamp: 24910500435,
  processor_id: 1,
  module: "vmlinux",
  function: "ip_rcv",
  is_return: false,
};

function fits(event: unknown): boolean {
  try {
    parseEvents(`${JSON.stringify(event)}\n`);
    return true;
  } catch (error) {
    if (error instanceof assert.AssertionError) return false;
    throw error;
  }
}

/** What the schema says of each property. */
const PROPERTIES: Readonly<Record<string, { description: string }>> = schema.properties;

/**
 * Whatever the data of events are, the lines that JsonSink writes with these fields fit.
 * @returns for how many events the fields could not be read
 */
async function assertFitsAnyData(openFields: OpenFields): Promise<number> {
  let failures = 0;
  const counting: OpenFields = (writer) => {
    const reader = openFields(writer);
    return {
      get failures() {
        return reader.failures;
      },
      read: (data) => {
        const before = reader.failures;
        reader.read(data);
        failures += reader.failures - before;
      },
    };
  };
  const info = {
    tracer: "function" as const,
    functions: FUNCTIONS,
    originNs: 1n,
    openFields: counting,
  };
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ minLength: DATA_BYTES, maxLength: DATA_BYTES })),
      async (data) => {
        const rows = data.map((data, i) => (
          { skb: 255n, timestamp: i, functionIndex: i % FUNCTIONS.length, cpu: 3, data }
        ));
        assert.equal(parseEvents(await written(JsonSink, info, rows)).length, rows.length);
      },
    ),
  );
  return failures;
}

Deno.test("the schema requires the fields that every event has, and says what they are", () => {
  assert.deepEqual(schema.required, [...EVENT_FIELDS]);
  for (const { description } of Object.values(PROPERTIES)) assert(description.length > 10);
});

Deno.test("the schema describes the header of an event as EVENT does", () => {
  const columns = { packet_id: "skb", timestamp: "timestamp", processor_id: "cpu" } as const;
  for (const [field, column] of Object.entries(columns)) {
    const { description } = COLUMNS[column];
    assert(PROPERTIES[field].description.startsWith(description), `${field}: ${description}`);
  }
});

Deno.test("the schema has every origin that a packet with a parent can have", () => {
  const { enum: origins } = schema.properties.packet_origin;
  assert.deepEqual(origins, ORIGINS.filter((origin) => !/^(?:matched|merged)$/.test(origin)));
  for (const origin of origins) {
    assert(fits({ ...EVENT, packet: 12, parent: 3, packet_origin: origin }));
  }
  assert(fits({ ...EVENT, packet: 12, merged_into: 3 }));
  for (const name of ["packet", "parent", "packet_origin", "merged_into"]) {
    assert(name in PROPERTIES && RESERVED_NAMES.has(name), name);
  }
});

Deno.test("the schema describes each section as it is declared, under a reserved name", () => {
  for (const section of SECTIONS) {
    const { name } = section;
    assert(RESERVED_NAMES.has(name), `${name} is not in RESERVED_NAMES`);
    assert(!schema.required.includes(name), `${name} is there on request only`);
    assert(PROPERTIES[name] !== undefined, `the schema has no ${name}`);
    const { description, ...rest } = PROPERTIES[name];
    assert(description.startsWith(section.description), `${name}: ${section.description}`);
    assert.deepEqual(rest, sectionSchema(section), name);
  }
});

Deno.test("whatever the values of the sections are, their lines fit the schema", async () => {
  const tracer = "function" as const;
  const header = { tracer, functions: FUNCTIONS, sections: SECTIONS, originNs: 0n };
  const batch = new EventBatch(1, SECTIONS);
  fill(batch, [{ skb: 1n, timestamp: 1, functionIndex: 0, cpu: 0 }]);
  await fc.assert(
    fc.asyncProperty(fc.infiniteStream(fc.nat(255)), async (bytes) => {
      for (const section of SECTIONS) {
        const arrays: ArraysOf<Columns> = batch.section(section)!;
        for (const array of Object.values(arrays)) {
          const raw = new Uint8Array(array.buffer);
          for (let i = 0; i < raw.length; i++) raw[i] = bytes.next().value;
        }
      }
      let text = "";
      const sink = new JsonSink({
        header,
        write: (bytes) => {
          text += new TextDecoder().decode(bytes);
          return Promise.resolve();
        },
      });
      await sink.write(batch);
      const [event] = parseEvents(text) as Record<string, unknown>[];
      for (const { name } of SECTIONS) assert(name in event, `${name} in ${text}`);
    }),
  );
});

Deno.test("the schema takes an event as it is documented, and nothing else", () => {
  assert(fits(EVENT));
  assert(!fits([EVENT]));
  for (const field of EVENT_FIELDS) {
    assert(!fits({ ...EVENT, [field]: undefined }), `without ${field}`);
    assert(!fits({ ...EVENT, [field]: null }), `${field} null`);
  }
  const wrong: Record<string, unknown>[] = [
    { packet_id: "ffff888003e1a900" },
    { packet_id: "0xFFFF888003E1A900" },
    { packet_id: "0xff" },
    { packet_id: "0xffff888003e1a9000" },
    { timestamp: -1 },
    { timestamp: 0.5 },
    { timestamp: "24910500435" },
    { processor_id: -1 },
    { processor_id: 65536 },
    { module: "" },
    { function: "" },
    { is_return: 0 },
    { dump: null },
    { len: null },
    { ports: [80, null] },
    { peers: [{ port: { low: null } }] },
    { meta: "len: 84" },
    { meta: { len: 84 } },
    { meta: { len: 84, mark: "0x4d2" } },
    { meta: { len: 84, mark: 2 ** 32 } },
    { packet: 0 },
    { packet: "12" },
    { packet: 2 ** 32 },
    { packet: 12, parent: 3 },
    { parent: 3, packet_origin: "copy" },
    { packet: 12, packet_origin: "copy" },
    { packet: 12, parent: 3, packet_origin: "matched" },
    { packet: 12, parent: 3, packet_origin: "merged" },
    { merged_into: 5 },
  ];
  for (const fields of wrong) assert(!fits({ ...EVENT, ...fields }), JSON.stringify(fields));
});

Deno.test("the schema takes any further fields without null", () => {
  const value = fc.jsonValue({ maxDepth: 3 }).filter((value) =>
    !JSON.stringify(value).includes("null")
  );
  const name = fc.string().filter((name) => !RESERVED_NAMES.has(name));
  fc.assert(
    fc.property(fc.dictionary(name, value), (fields) => fits({ ...fields, ...EVENT })),
  );
});

Deno.test("whatever dump returns, and its errors, fit the schema", async () => {
  const source = `function dump(data)
    if data:byte() % 4 == 0 then error(data) end
    return data:sub(1, data:byte())
  end`;
  await withScript(source, async ({ script }) => {
    assert(await assertFitsAnyData(script.openFields(() => {})!) > 0);
  });
});

Deno.test("whatever decode returns, and its errors, fit the schema", async () => {
  const source = `function decode(data)
    local kind, float, integer = string.unpack("<Bdi8", data)
    if kind % 4 == 0 then return { module = 1 } end
    if kind % 4 == 1 then return {} end
    return { float = float, integer = integer, [data:sub(18, 20)] = data:sub(21), inf = 1 / 0 }
  end`;
  await withScript(source, async ({ script }) => {
    assert(await assertFitsAnyData(script.openFields(() => {})!) > 0);
  });
});

for (const name of Object.keys(EXPECTED)) {
  Deno.test(`whatever module() of the extension ${name} fills in fits the schema`, async () => {
    const path = new URL(`../../extensions/${name}.bpf.o`, import.meta.url).pathname;
    const extension = await BpfExtension.read(path);
    await assertFitsAnyData(await extension.openFields());
  });
}
