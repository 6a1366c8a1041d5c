import assert from "node:assert/strict";
import type { FieldReader, OpenFields } from "../../lib/event/fields.ts";
import { DATA_BYTES } from "../../lib/event/section.ts";
import { JsonFields } from "../../lib/output/fields/json_fields.ts";
import { TextFields } from "../../lib/output/fields/text_fields.ts";

export type Format = "text" | "json";

/** A reader and the writer that it was opened for. */
export interface Renderer {
  readonly failures: number;
  /** Renders the fields of some events; returns the bytes of each event. */
  render(data: Uint8Array<ArrayBuffer>): Uint8Array[];
}

/** Opens a reader for one of the renderings. */
export function renderer(openFields: OpenFields, format: Format): Renderer {
  const writer = format === "json" ? new JsonFields() : new TextFields();
  const reader: FieldReader = openFields(writer);
  return {
    get failures() {
      return reader.failures;
    },
    render: (data) => {
      writer.clear();
      reader.read(data);
      const { bytes, ends } = writer;
      assert.equal(ends.length, data.length / DATA_BYTES);
      assert.equal(ends.at(-1) ?? 0, bytes.length);
      return Array.from(ends, (end, i) => bytes.slice(i === 0 ? 0 : ends[i - 1], end));
    },
  };
}
