import { DATA_BYTES } from "../../lib/event/section.ts";

/** Builds a sequence of bytes. Integers are little-endian. */
export class Bytes {
  readonly #bytes: number[] = [];

  u8(...values: number[]): this {
    this.#bytes.push(...values);
    return this;
  }

  u16(value: number): this {
    return this.u8(value & 0xff, value >>> 8 & 0xff);
  }

  u32(value: number): this {
    return this.u16(value & 0xffff).u16(value >>> 16);
  }

  u64(value: bigint): this {
    return this.u32(Number(value & 0xffffffffn)).u32(Number(value >> 32n & 0xffffffffn));
  }

  text(value: string): this {
    return this.u8(...new TextEncoder().encode(value));
  }

  /** The bytes as an event's data, padded with zeros. */
  get event(): Uint8Array<ArrayBuffer> {
    const event = new Uint8Array(DATA_BYTES);
    event.set(this.#bytes);
    return event;
  }
}
