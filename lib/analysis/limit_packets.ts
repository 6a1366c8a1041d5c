import type { EventBatch } from "../event/batch.ts";
import type { Stage } from "./stage.ts";

/** After this long without an event of theirs, packets have been seen whose end is not traced. */
const QUIET_MS = 1000;

/** Lets the first packets of a trace pass and drops the events of all later ones: `-n`. */
export class LimitPackets implements Stage {
  readonly #limit: number;
  #rows = new Uint32Array(0);
  #packets = 0;
  #endedPackets = 0;
  #passedAt = performance.now();

  /** @param limit how many packets pass; undefined for all */
  constructor(limit = Infinity) {
    this.#limit = limit;
  }

  /** Whether all packets that pass have ended, or have not been seen for some time. */
  get isComplete(): boolean {
    if (this.#endedPackets === this.#limit) return true;
    return this.#packets === this.#limit && performance.now() - this.#passedAt > QUIET_MS;
  }

  apply(batch: EventBatch): void {
    if (this.#limit === Infinity) return;
    const { packet, isLast } = batch.columns;
    if (this.#rows.length < batch.length) this.#rows = new Uint32Array(batch.capacity);
    const rows = this.#rows;
    let count = 0;
    for (let row = 0; row < batch.length; row++) {
      if (packet[row] > this.#limit) continue;
      rows[count++] = row;
      this.#packets = Math.max(this.#packets, packet[row]);
      this.#endedPackets += isLast[row];
    }
    if (count < batch.length) batch.keep(rows, count);
    if (count > 0) this.#passedAt = performance.now();
  }
}
