/** Share of the slots in use above which the table grows: probes stay short. */
const MAX_LOAD = 0.5;

/**
 * Numbers keys of up to three 32-bit integers densely: 0, 1, 2… A key that is forgotten leaves its number
 * to the next new one, so the table is as large as the most keys that it has held at once.
 *
 * Open addressing with linear probing over typed arrays, because a `Map` would need a BigInt or a
 * string for every look-up.
 */
export class KeyTable {
  /** Number of the key in the slot, plus one; 0 is a free slot. */
  #slots = new Uint32Array(1024);
  #first = new Uint32Array(1024 * MAX_LOAD);
  #second = new Uint32Array(1024 * MAX_LOAD);
  #third = new Uint32Array(1024 * MAX_LOAD);
  /** Numbers given out so far: those in use, and the `#free` ones. */
  #count = 0;
  readonly #free: number[] = [];

  /** Keys in the table. */
  get size(): number {
    return this.#count - this.#free.length;
  }

  /** Returns the number of a key that is in the table; undefined for another one. */
  find(first: number, second: number, third = 0): number | undefined {
    const entry = this.#slots[this.#slotOf(first, second, third)];
    return entry === 0 ? undefined : entry - 1;
  }

  /** Returns the number of a key, which is new unless the key is in the table. */
  number(first: number, second: number, third = 0): number {
    let slot = this.#slotOf(first, second, third);
    const entry = this.#slots[slot];
    if (entry !== 0) return entry - 1;
    if (this.#free.length === 0 && this.#count === this.#first.length) {
      this.#grow();
      slot = this.#slotOf(first, second, third);
    }
    const number = this.#free.pop() ?? this.#count++;
    this.#first[number] = first;
    this.#second[number] = second;
    this.#third[number] = third;
    this.#slots[slot] = number + 1;
    return number;
  }

  /** Forgets the key that has this number. */
  forget(number: number): void {
    const slots = this.#slots, mask = slots.length - 1;
    let gap = this.#slotOf(this.#first[number], this.#second[number], this.#third[number]);
    // The keys behind the gap move up where a probe for them would end at it.
    for (
      let slot = (gap + 1) & mask, entry;
      (entry = slots[slot]) !== 0;
      slot = (slot + 1) & mask
    ) {
      if (((slot - this.#home(entry - 1, mask)) & mask) < ((slot - gap) & mask)) continue;
      slots[gap] = entry;
      gap = slot;
    }
    slots[gap] = 0;
    this.#free.push(number);
  }

  /** The slot of a key, or the free one where it belongs. */
  #slotOf(first: number, second: number, third: number): number {
    const slots = this.#slots, mask = slots.length - 1;
    let slot = hash(first, second, third) & mask;
    for (let entry; (entry = slots[slot]) !== 0; slot = (slot + 1) & mask) {
      const number = entry - 1;
      if (
        this.#first[number] === first && this.#second[number] === second &&
        this.#third[number] === third
      ) break;
    }
    return slot;
  }

  /** The slot where probes for a key begin. */
  #home(number: number, mask: number): number {
    return hash(this.#first[number], this.#second[number], this.#third[number]) & mask;
  }

  /** Called when all numbers are in use. */
  #grow(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    this.#first = doubled(this.#first);
    this.#second = doubled(this.#second);
    this.#third = doubled(this.#third);
    const mask = this.#slots.length - 1;
    for (let number = 0; number < this.#count; number++) {
      let slot = this.#home(number, mask);
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = number + 1;
    }
  }
}

/** A copy of twice the length; the new half is zero. */
export function doubled<A extends Uint32Array | Uint8Array>(column: A): A {
  const larger = new (column.constructor as new (length: number) => A)(column.length * 2);
  larger.set(column);
  return larger;
}

/** The finalizer of MurmurHash3: skbs are aligned, so that the low bits alone say nothing. */
function hash(first: number, second: number, third: number): number {
  let h = first ^ Math.imul(second, 0x9e3779b1) ^ Math.imul(third, 0x7feb352d);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
