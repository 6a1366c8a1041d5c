import type { EventBatch } from "../event/batch.ts";
import { LINEAGE, NO_PACKET } from "../event/lineage.ts";
import type { Stage } from "./stage.ts";

/** After this long without an event of theirs, packets have been seen whose end is not traced. */
const QUIET_MS = 1000;

/**
 * Lets the first packets of a trace pass and drops the events of all later ones: `-n`. In traces that follow
 * packets, it counts journeys, and lets whole ones pass.
 */
export class LimitPackets implements Stage {
  readonly #limit: number;
  readonly #onReached: () => void;
  #rows = new Uint32Array(0);
  #packets = 0;
  /** The highest number in the column `packet` that passes. */
  #highest = 0;
  #endedPackets = 0;
  #passedAt = performance.now();

  /**
   * @param limit how many packets pass; undefined for all
   * @param onReached called once, when the last of them begins
   */
  constructor(limit = Infinity, onReached: () => void = () => {}) {
    this.#limit = limit;
    this.#onReached = onReached;
  }

  /** Whether the last of the packets that pass has begun. */
  get isReached(): boolean {
    return this.#packets === this.#limit;
  }

  /** Whether all packets that pass have ended, or have not been seen for some time. */
  get isComplete(): boolean {
    if (this.#endedPackets === this.#limit) return true;
    return this.isReached && performance.now() - this.#passedAt > QUIET_MS;
  }

  apply(batch: EventBatch): void {
    if (this.#limit === Infinity) return;
    const { packet, isLast } = batch.columns;
    const lineage = batch.section(LINEAGE);
    if (this.#rows.length < batch.length) this.#rows = new Uint32Array(batch.capacity);
    const rows = this.#rows;
    let count = 0;
    for (let row = 0; row < batch.length; row++) {
      // Packets are numbered in the order of their first event.
      if (packet[row] > this.#highest) {
        if (this.isReached) continue;
        this.#highest = packet[row];
        if (lineage?.packet[row] !== NO_PACKET) this.#begin();
      }
      rows[count++] = row;
      this.#endedPackets += isLast[row];
    }
    if (count < batch.length) batch.keep(rows, count);
    if (count > 0) this.#passedAt = performance.now();
  }

  #begin(): void {
    this.#packets++;
    if (this.isReached) this.#onReached();
  }
}
