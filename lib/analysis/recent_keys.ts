import { KeyTable } from "./key_table.ts";

/** So many keys in a row that are in use, and there is one key more for a while. */
const TRIES = 8;

/**
 * Numbers keys densely, as `KeyTable` does, and forgets the oldest key for each new one once there are so
 * many. Keys in use are passed over.
 */
export class RecentKeys {
  readonly #keys = new KeyTable();
  readonly #most: number;
  readonly #isInUse: (number: number) => boolean;
  /** The numbers of the keys; a ring that begins at `#oldest`. */
  readonly #order: number[] = [];
  #oldest = 0;

  /**
   * @param most how many keys there are at most, besides those in use
   * @param isInUse whether the key of a number must be kept
   */
  constructor(most: number, isInUse: (number: number) => boolean = () => false) {
    this.#most = most;
    this.#isInUse = isInUse;
  }

  /** Returns the number of a key; undefined for one that was never added, or is forgotten. */
  find(first: number, second = 0): number | undefined {
    return this.#keys.find(first, second);
  }

  /** Adds a key that `find` does not know, and returns its number. */
  add(first: number, second = 0): number {
    const order = this.#order;
    for (let tries = 0; order.length >= this.#most && tries < TRIES; tries++) {
      const at = this.#oldest;
      this.#oldest = at + 1 === order.length ? 0 : at + 1;
      if (this.#isInUse(order[at])) continue;
      this.#keys.forget(order[at]);
      return order[at] = this.#keys.number(first, second);
    }
    const number = this.#keys.number(first, second);
    order.push(number);
    return number;
  }
}
