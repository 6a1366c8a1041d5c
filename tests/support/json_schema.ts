/** Holds the lines of `-o json` against docs/json.schema.json. */
import assert from "node:assert/strict";
import { type Schema, Validator } from "@cfworker/json-schema";
import schema from "../../docs/json.schema.json" with { type: "json" };

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
