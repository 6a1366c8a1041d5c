const encoder = new TextEncoder();

/**
 * A set of symbol names that looks names up as bytes: the symbol tables of the kernel have over
 * 100,000 lines, of which only those that are wanted should become strings.
 */
export class NameSet {
  readonly #names: readonly string[];
  readonly #bytes: readonly Uint8Array[];
  /** Open addressing: index into `#names` plus 1, at the name's hash or the next free slot. */
  readonly #slots: Uint32Array;

  constructor(names: Iterable<string>) {
    this.#names = [...new Set(names)];
    this.#bytes = this.#names.map((name) => encoder.encode(name));
    // A power of two, so that a mask wraps; at most half full, so that searches stay short.
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(this.#names.length * 2 + 1)));
    this.#bytes.forEach((bytes, index) => {
      this.#slots[this.#find(bytes, 0, bytes.length)] = index + 1;
    });
  }

  /** The member that the bytes from `start` up to `end` spell. */
  get(bytes: Uint8Array, start: number, end: number): string | undefined {
    return this.#names[this.#slots[this.#find(bytes, start, end)] - 1];
  }

  /** The slot that holds the name, or the free one where its search ends. */
  #find(bytes: Uint8Array, start: number, end: number): number {
    const mask = this.#slots.length - 1;
    let slot = hash(bytes, start, end) & mask;
    while (this.#slots[slot] && !this.#isAt(slot, bytes, start, end)) slot = (slot + 1) & mask;
    return slot;
  }

  #isAt(slot: number, bytes: Uint8Array, start: number, end: number): boolean {
    const name = this.#bytes[this.#slots[slot] - 1];
    if (name.length !== end - start) return false;
    for (let i = 0; i < name.length; i++) {
      if (name[i] !== bytes[start + i]) return false;
    }
    return true;
  }
}

/** FNV-1a, 32 bits. */
function hash(bytes: Uint8Array, start: number, end: number): number {
  let value = 0x811c9dc5;
  for (let i = start; i < end; i++) value = Math.imul(value ^ bytes[i], 0x01000193);
  return value >>> 0;
}
