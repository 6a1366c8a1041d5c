import type { EventBatch } from "./bpf/event.ts";

/** After this long without an event of theirs, packets have been seen whose end is not traced. */
const QUIET_MS = 1000;

/** Lets the events of the first packets pass, as far as their end, and tells when that is reached. */
export class PacketLimit {
  readonly #limit: number;
  readonly #isLast: readonly boolean[];
  /** By skb, of those that may pass: whether the packet has ended. */
  readonly #hasEnded = new Map<number, boolean>();
  #begun = 0;
  #ended = 0;
  #passedAt = performance.now();

  /**
   * @param limit how many packets
   * @param isLast by function index: whether a packet ends with it, see `endsPacket`
   */
  constructor(limit: number, isLast: readonly boolean[]) {
    this.#limit = limit;
    this.#isLast = isLast;
  }

  /** Whether all of the first packets have ended, or not been seen for some time. */
  get isReached(): boolean {
    if (this.#ended === this.#limit) return true;
    return this.#begun === this.#limit && performance.now() - this.#passedAt > QUIET_MS;
  }

  /** Takes the events of other packets out of a batch. */
  apply(batch: EventBatch): void {
    let kept = 0;
    for (let row = 0; row < batch.length; row++) {
      if (this.#passes(batch, row)) batch.moveRow(row, kept++);
    }
    batch.length = kept;
    if (kept > 0) this.#passedAt = performance.now();
  }

  #passes({ skbHigh, skbLow, functionIndex, isReturn }: EventBatch, row: number): boolean {
    // All bits above these are set in a kernel address: what is left is exact.
    const skb = (skbHigh[row] & 0xfffff) * 2 ** 32 + skbLow[row];
    const hasEnded = this.#hasEnded.get(skb);
    // Calls that were open at a packet's end return later.
    if (isReturn[row] === 1) return hasEnded !== undefined;
    if (hasEnded !== false) {
      if (this.#begun === this.#limit) return false;
      this.#begun++;
    }
    const isLast = this.#isLast[functionIndex[row]];
    this.#hasEnded.set(skb, isLast);
    if (isLast) this.#ended++;
    return true;
  }
}
