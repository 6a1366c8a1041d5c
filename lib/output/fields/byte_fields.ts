import { ByteBuilder } from "../../base/byte_builder.ts";
import { type Encoded, GROUP_EVENTS } from "../../event/fields.ts";

/** Collects the fields of up to `GROUP_EVENTS` events as bytes: what text and JSON have in common. */
export abstract class ByteFields {
  protected readonly out = new ByteBuilder();
  readonly #ends = new Uint32Array(GROUP_EVENTS);
  #count = 0;

  /** The fields of all events since `clear`, one after the other; valid until the next call. */
  get bytes(): Uint8Array {
    return this.out.bytes;
  }

  /** Where the fields of each event end in `bytes`; they begin where those of the one before end. */
  get ends(): Uint32Array {
    return this.#ends.subarray(0, this.#count);
  }

  clear(): void {
    this.out.clear();
    this.#count = 0;
  }

  constant(text: Encoded): void {
    this.out.append(text);
  }

  boolean(value: boolean): void {
    this.out.appendAscii(value ? "true" : "false");
  }

  endEvent(): void {
    this.#ends[this.#count++] = this.out.length;
  }
}

/** A number that JSON does not have, as Lua shows it. */
export function nonFinite(value: number): "nan" | "inf" | "-inf" {
  return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
}
