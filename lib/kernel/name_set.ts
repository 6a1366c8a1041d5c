const encoder = new TextEncoder();

/**
 * A set of symbol names that are looked up as bytes. The kernel's symbol tables have more than 100,000
 * lines, and decoding only the wanted ones saves most of the time.
 */
export class NameSet {
  readonly #names: readonly string[];
  /** The names, each with a NUL after it. */
  readonly #bytes: Uint8Array;
  /** Where each name begins in `#bytes`. */
  readonly #starts: Uint32Array;
  /** Open addressing: index into `#names` plus 1, at the name's hash or the next free slot. */
  readonly #slots: Uint32Array;

  constructor(names: Iterable<string>) {
    this.#names = [...new Set(names)];
    this.#bytes = encoder.encode(this.#names.map((name) => `${name}\0`).join(""));
    this.#starts = new Uint32Array(this.#names.length + 1);
    // A power of two, so that a mask wraps; sparse, so that most other names hit a free slot.
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(this.#names.length * 16 + 1)));
    for (let i = 0; i < this.#names.length; i++) {
      const start = this.#starts[i], end = this.#bytes.indexOf(0, start);
      this.#starts[i + 1] = end + 1;
      this.#slots[this.#find(this.#bytes, start, end)] = i + 1;
    }
  }

  /** Returns the member spelled by the bytes from `start` up to `end`; undefined when there is none. */
  get(bytes: Uint8Array, start: number, end: number): string | undefined {
    return this.#names[this.#slots[this.#find(bytes, start, end)] - 1];
  }

  /** Returns the slot that holds the name, or the free slot that ends the search for it. */
  #find(bytes: Uint8Array, start: number, end: number): number {
    // Hashes the length and four bytes only: a symbol table has millions of bytes.
    const length = end - start, half = start + (length >>> 1), quarter = length >>> 2;
    let hash = length * 31 + bytes[end - 1];
    hash = hash * 31 + bytes[half];
    hash = hash * 31 + bytes[start + quarter];
    hash = hash * 31 + bytes[half + quarter];

    const slots = this.#slots, mask = slots.length - 1;
    let slot = hash & mask;
    while (slots[slot] && !this.#isName(slots[slot] - 1, bytes, start, end)) slot = slot + 1 & mask;
    return slot;
  }

  #isName(index: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = this.#starts[index], length = end - start;
    if (this.#starts[index + 1] - 1 - from !== length) return false;
    for (let i = 0; i < length; i++) {
      if (this.#bytes[from + i] !== bytes[start + i]) return false;
    }
    return true;
  }
}
