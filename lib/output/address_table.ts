/** Share of the slots in use above which the table grows: probes stay short. */
const MAX_LOAD = 0.5;

/**
 * Numbers 64-bit addresses densely, in the order in which they are first seen: 0, 1, 2…
 *
 * Open addressing with linear probing over typed arrays, because a `Map` would need a BigInt or a
 * string for every look-up.
 */
export class AddressTable {
  /** Number of the address in the slot, plus one; 0 is a free slot. */
  #slots = new Uint32Array(1024);
  #low = new Uint32Array(1024 * MAX_LOAD);
  #high = new Uint32Array(1024 * MAX_LOAD);
  #size = 0;

  /** Addresses seen so far. */
  get size(): number {
    return this.#size;
  }

  /** The number of the address, a new one for an address that was not seen before. */
  number(low: number, high: number): number {
    const mask = this.#slots.length - 1;
    let slot = hash(low, high) & mask;
    for (let entry; (entry = this.#slots[slot]) !== 0; slot = (slot + 1) & mask) {
      if (this.#low[entry - 1] === low && this.#high[entry - 1] === high) return entry - 1;
    }
    if (this.#size === this.#low.length) {
      this.#grow();
      return this.number(low, high);
    }
    const number = this.#size++;
    this.#low[number] = low;
    this.#high[number] = high;
    this.#slots[slot] = number + 1;
    return number;
  }

  #grow(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    this.#low = doubled(this.#low);
    this.#high = doubled(this.#high);
    const mask = this.#slots.length - 1;
    for (let number = 0; number < this.#size; number++) {
      let slot = hash(this.#low[number], this.#high[number]) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = number + 1;
    }
  }
}

function doubled(column: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(column.length * 2);
  larger.set(column);
  return larger;
}

/** The finalizer of MurmurHash3: skbs are aligned, so that the low bits alone say nothing. */
function hash(low: number, high: number): number {
  let h = low ^ Math.imul(high, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
