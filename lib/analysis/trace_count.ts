import type { EventBatch } from "../event/event.ts";
import { PairTable } from "./pair_table.ts";

const OPEN = 1, ENDED = 2;

/** After this long without an event of theirs, packets have been seen whose end is not traced. */
const QUIET_MS = 1000;

/**
 * Counts what a trace shows, its events, their packets, and the functions that they are in, and leaves
 * out what is of later packets than are wanted.
 */
export class TraceCount {
  readonly #isLast: readonly boolean[];
  readonly #limit: number;
  readonly #skbs = new PairTable();
  /** By the skb's number: `OPEN` or `ENDED`; 0 for one of which nothing was wanted. */
  #states = new Uint8Array(1024);
  readonly #isSeen: Uint8Array;
  #events = 0;
  #packets = 0;
  #endedPackets = 0;
  #functions = 0;
  #countedAt = performance.now();

  /**
   * @param isLast by function index: whether a packet ends with it, see `endsPacket`
   * @param limit how many packets are wanted
   */
  constructor(isLast: readonly boolean[], limit = Infinity) {
    this.#isLast = isLast;
    this.#limit = limit;
    this.#isSeen = new Uint8Array(isLast.length);
  }

  get events(): number {
    return this.#events;
  }

  /** An skb that comes again after its end is another packet. */
  get packets(): number {
    return this.#packets;
  }

  get functions(): number {
    return this.#functions;
  }

  /** Whether all packets that are wanted have ended, or not been seen for some time. */
  get isComplete(): boolean {
    if (this.#endedPackets === this.#limit) return true;
    return this.#packets === this.#limit && performance.now() - this.#countedAt > QUIET_MS;
  }

  /** Counts the events of a batch, and takes out those that are not wanted. */
  take(batch: EventBatch): void {
    const { length, functionIndex } = batch;
    let kept = 0;
    for (let row = 0; row < length; row++) {
      if (!this.#isWanted(batch, row)) continue;
      const index = functionIndex[row];
      if (this.#isSeen[index] === 0) {
        this.#isSeen[index] = 1;
        this.#functions++;
      }
      batch.moveRow(row, kept++);
    }
    batch.length = kept;
    this.#events += kept;
    if (kept > 0 && this.#limit < Infinity) this.#countedAt = performance.now();
  }

  #isWanted({ skbHigh, skbLow, functionIndex, isReturn }: EventBatch, row: number): boolean {
    const skb = this.#skbs.number(skbHigh[row], skbLow[row]);
    if (skb >= this.#states.length) this.#grow();
    const state = this.#states[skb];
    const isEntry = isReturn[row] === 0;
    // Calls that were open at a packet's end return later.
    if (state === 0 || (state === ENDED && isEntry)) {
      if (this.#packets === this.#limit) return false;
      this.#packets++;
      this.#states[skb] = OPEN;
    }
    if (isEntry && this.#isLast[functionIndex[row]]) {
      this.#states[skb] = ENDED;
      this.#endedPackets++;
    }
    return true;
  }

  #grow(): void {
    const larger = new Uint8Array(this.#states.length * 2);
    larger.set(this.#states);
    this.#states = larger;
  }
}
