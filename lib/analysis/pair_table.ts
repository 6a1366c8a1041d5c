/** Share of the slots in use above which the table grows: probes stay short. */
const MAX_LOAD = 0.5;

/**
 * Numbers pairs of 32-bit integers densely, in the order in which they are first seen: 0, 1, 2… Such
 * pairs are the halves of an address, or two numbers that this table has given out.
 *
 * Open addressing with linear probing over typed arrays, because a `Map` would need a BigInt or a
 * string for every look-up.
 */
export class PairTable {
  /** Number of the pair in the slot, plus one; 0 is a free slot. */
  #slots = new Uint32Array(1024);
  #first = new Uint32Array(1024 * MAX_LOAD);
  #second = new Uint32Array(1024 * MAX_LOAD);
  #size = 0;

  /** Pairs seen so far. */
  get size(): number {
    return this.#size;
  }

  /** The number of the pair, a new one for a pair that was not seen before. */
  number(first: number, second: number): number {
    const mask = this.#slots.length - 1;
    let slot = hash(first, second) & mask;
    for (let entry; (entry = this.#slots[slot]) !== 0; slot = (slot + 1) & mask) {
      if (this.#first[entry - 1] === first && this.#second[entry - 1] === second) return entry - 1;
    }
    if (this.#size === this.#first.length) {
      this.#grow();
      return this.number(first, second);
    }
    const number = this.#size++;
    this.#first[number] = first;
    this.#second[number] = second;
    this.#slots[slot] = number + 1;
    return number;
  }

  #grow(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    this.#first = doubled(this.#first);
    this.#second = doubled(this.#second);
    const mask = this.#slots.length - 1;
    for (let number = 0; number < this.#size; number++) {
      let slot = hash(this.#first[number], this.#second[number]) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = number + 1;
    }
  }
}

/** A copy of twice the length; the new half is zero. */
export function doubled(column: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(column.length * 2);
  larger.set(column);
  return larger;
}

/** The finalizer of MurmurHash3: skbs are aligned, so that the low bits alone say nothing. */
function hash(first: number, second: number): number {
  let h = first ^ Math.imul(second, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
