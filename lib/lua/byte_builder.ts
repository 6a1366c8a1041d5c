/** Printable ASCII that a JSON string takes as it is. */
const IS_PLAIN = Uint8Array.from(
  { length: 256 },
  (_, byte) => byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c ? 1 : 0,
);

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Text under construction, as bytes; its memory is used again after `clear`. */
export class ByteBuilder {
  #bytes = new Uint8Array(64 * 1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What was appended since `clear`; valid until then. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  /** Appends `source[start]` to `source[end - 1]`. */
  append(source: Uint8Array, start = 0, end = source.length): void {
    this.#makeRoom(end - start);
    const bytes = this.#bytes;
    let at = this.#length;
    // Most are short: a loop is quicker than a view of each and set().
    for (let i = start; i < end; i++) bytes[at++] = source[i];
    this.#length = at;
  }

  /** Appends ASCII. */
  appendAscii(text: string): void {
    this.#makeRoom(text.length);
    for (let i = 0; i < text.length; i++) this.#bytes[this.#length++] = text.charCodeAt(i);
  }

  /** Appends a JSON string of what `source` holds in UTF-8; what is no UTF-8 becomes U+FFFD. */
  appendJson(source: Uint8Array, start: number, end: number): void {
    for (let i = start; i < end; i++) {
      if (IS_PLAIN[source[i]] === 1) continue;
      const text = JSON.stringify(decoder.decode(source.subarray(start, end)));
      return this.append(encoder.encode(text));
    }
    this.#makeRoom(end - start + 2);
    this.#bytes[this.#length++] = 0x22;
    this.append(source, start, end);
    this.#bytes[this.#length++] = 0x22;
  }

  #makeRoom(sizeBytes: number): void {
    const needed = this.#length + sizeBytes;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
