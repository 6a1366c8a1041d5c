import type { FieldReader, FieldWriter } from "../event/fields.ts";
import { DATA_BYTES } from "../event/section.ts";
import type { EventStruct } from "./event_struct.ts";
import { extensionError } from "./extension_error.ts";
import { type StructField, structFields } from "./struct_writer.ts";
import type { SymbolName } from "./value_writers.ts";

/** Reads the members of an event struct. */
export class StructReader implements FieldReader {
  /** Whatever the bytes are, they can be shown. */
  readonly failures = 0;
  readonly #writer: FieldWriter;
  readonly #fields: readonly StructField[];

  /**
   * @param symbolName for members that are shown as the name of an address
   * @throws IpftError that names a member when it cannot be shown, or not as its tag says, or when the
   *   output reserves its name
   */
  constructor(event: EventStruct, writer: FieldWriter, symbolName: SymbolName) {
    this.#writer = writer;
    this.#fields = structFields(event, writer, symbolName);
    const taken = this.#fields.find(({ name }) => writer.reservedNames.has(name));
    if (taken === undefined) return;
    throw extensionError(
      event.source,
      `member ${taken.name} has a name that is reserved for ipft's own fields in JSON`,
      "rename it",
    );
  }

  read(data: Uint8Array<ArrayBuffer>): void {
    const view = new DataView(data.buffer, data.byteOffset, data.length);
    const writer = this.#writer, fields = this.#fields;
    for (let at = 0; at < data.length; at += DATA_BYTES) {
      for (const { key, write } of fields) {
        writer.field(key);
        write(view, at);
      }
      writer.endEvent();
    }
  }
}
