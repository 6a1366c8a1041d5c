import { DATA_BYTES } from "../event/event.ts";
import { ByteBuilder } from "../base/byte_builder.ts";
import { type DataFormatter, EVENT_FIELDS, type FormattedData } from "../event/data_formatter.ts";
import type { EventStruct } from "./event_struct.ts";
import { moduleError } from "./extension_error.ts";
import { fieldKey, structFields } from "./struct_printer.ts";
import { encoded, type Printer, type SymbolName } from "./value_printers.ts";

/** Makes the ends of lines of an event struct: ` ( len: 84 mark: 0x1 )`, or the fields of a JSON object. */
export class StructFormatter implements DataFormatter {
  /** Whatever the bytes are, they can be shown. */
  readonly failures = 0;
  readonly #out = new ByteBuilder();
  readonly #steps: readonly Step[];
  readonly #opening: Uint8Array;
  readonly #closing: Uint8Array;
  #ends = new Uint32Array(0);

  /**
   * @param symbolName for members that are shown as the name of an address
   * @throws IpftError that names the member that cannot be shown, or not as it is tagged
   */
  constructor(event: EventStruct, isJson: boolean, symbolName: SymbolName) {
    const fields = structFields(event, { out: this.#out, isJson }, symbolName);
    const taken = isJson ? fields.find(({ name }) => isEventField(name)) : undefined;
    if (taken !== undefined) {
      throw moduleError(
        event.source,
        `member ${taken.name} has the name of a field that every event has in JSON`,
        "rename it",
      );
    }
    this.#steps = fields.map(({ name, print }) => ({ key: fieldKey(name, isJson, false), print }));
    const hasMarks = !isJson && fields.length > 0;
    this.#opening = encoded(hasMarks ? " (" : "", false);
    this.#closing = encoded(hasMarks ? " )" : "", false);
  }

  format(data: Uint8Array<ArrayBuffer>): FormattedData {
    const count = data.length / DATA_BYTES;
    if (this.#ends.length < count) this.#ends = new Uint32Array(count);
    const view = new DataView(data.buffer, data.byteOffset, data.length);
    const out = this.#out;
    out.clear();
    for (let event = 0; event < count; event++) {
      out.append(this.#opening);
      for (const { key, print } of this.#steps) {
        out.append(key);
        print(view, event * DATA_BYTES);
      }
      out.append(this.#closing);
      this.#ends[event] = out.length;
    }
    return { bytes: out.bytes, ends: this.#ends.subarray(0, count) };
  }
}

interface Step {
  readonly key: Uint8Array;
  readonly print: Printer;
}

function isEventField(name: string): boolean {
  return EVENT_FIELDS.some((field) => field === name);
}
