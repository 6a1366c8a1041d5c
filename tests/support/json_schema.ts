/** Holds the lines of `-o json` against docs/json.schema.json. */
import assert from "node:assert/strict";
import { type Schema, Validator } from "@cfworker/json-schema";
import schema from "../../docs/json.schema.json" with { type: "json" };
import type { Column } from "../../lib/event/column.ts";
import type { Section } from "../../lib/event/section.ts";

// Not ajv: it takes some 130 ms until it can validate, this 5, and an emulated guest takes twenty times that.
const validator = new Validator(schema as Schema, "2020-12");

/**
 * What the lines hold, each of which must fit the schema.
 * @param text whole lines
 */
export function parseEvents(text: string): unknown[] {
  if (text === "") return [];
  assert(text.endsWith("\n"), "the last line has no end");
  return text.slice(0, -1).split("\n").map((line) => {
    const event: unknown = JSON.parse(line);
    const { valid, errors } = validator.validate(event);
    assert(valid, `${line}\n${errors.map(({ error }) => error).join("\n")}`);
    return event;
  });
}

const UNITS = { ns: "nanoseconds", bytes: "bytes" } as const;

/** Says what a column of a section holds, as its declaration does. */
function columnSchema({ type, bits, notation, description, unit }: Column) {
  const text = unit === undefined ? description : `${description}, in ${UNITS[unit]}`;
  switch (type) {
    case "u8":
    case "u16":
    case "u32": {
      const maximum = 2 ** (bits ?? Number(type.slice(1))) - 1;
      return { description: text, type: "integer", minimum: 0, maximum };
    }
    case "u64":
      // Readers that keep numbers as doubles get those beyond 2^53 as text.
      if (notation !== "hexadecimal") return { description: text, type: ["integer", "string"] };
      return { description: text, type: "string", pattern: "^0x[0-9a-f]{16}$" };
    default:
      throw new assert.AssertionError({ message: `no schema for a column of type ${type}` });
  }
}

/** Returns what the schema has to say about a section besides its description. */
export function sectionSchema({ columns }: Section) {
  const properties = Object.entries(columns).map(([name, column]) => [name, columnSchema(column)]);
  return {
    type: "object",
    required: Object.keys(columns),
    properties: Object.fromEntries(properties),
  };
}
