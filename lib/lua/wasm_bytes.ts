/** Reads a part of a WebAssembly module. */
export class WasmReader {
  constructor(readonly module: Uint8Array, public at = 0, readonly end = module.length) {}

  get isAtEnd(): boolean {
    return this.at >= this.end;
  }

  byte(): number {
    return this.module[this.at++];
  }

  /** Reads an integer in LEB128. A signed one, or one of 64 bits, is skipped: its value is wrong. */
  u32(): number {
    let value = 0, shift = 0, byte: number;
    do {
      byte = this.byte();
      value |= (byte & 0x7f) << shift;
      shift += 7;
    } while (byte >= 0x80);
    return value >>> 0;
  }

  skip(count: number): void {
    this.at += count;
  }
}

/** Writes a part of a WebAssembly module. */
export class WasmWriter {
  #bytes = new Uint8Array(64);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  put(...bytes: number[]): this {
    return this.bytes(Uint8Array.from(bytes), 0, bytes.length);
  }

  /** Appends an integer in LEB128. */
  u32(value: number): this {
    for (; value >= 0x80; value >>>= 7) this.put(value & 0x7f | 0x80);
    return this.put(value);
  }

  name(text: string): this {
    const bytes = new TextEncoder().encode(text);
    return this.u32(bytes.length).bytes(bytes, 0, bytes.length);
  }

  bytes(from: Uint8Array, start: number, end: number): this {
    const length = this.#length + end - start;
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(2 * length);
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(from.subarray(start, end), this.#length);
    this.#length = length;
    return this;
  }

  append(other: WasmWriter): this {
    return this.bytes(other.#bytes, 0, other.#length);
  }

  result(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }
}
