import type { EventBatch } from "../event/batch.ts";
import { LINEAGE, NO_PACKET } from "../event/lineage.ts";
import type { Stage } from "./stage.ts";

/** Counts what a trace shows: its events, their packets, and the functions that they are in. */
export class CountEvents implements Stage {
  /** By function index, which has 16 bits. */
  readonly #isSeen = new Uint8Array(2 ** 16);
  #events = 0;
  #packets = 0;
  #descendants = 0;
  #functions = 0;
  /** The highest number in the column `packet`. */
  #highest = 0;

  get events(): number {
    return this.#events;
  }

  /** In traces that follow packets: those that a journey began with. */
  get packets(): number {
    return this.#packets;
  }

  /** The packets that came out of others. */
  get descendants(): number {
    return this.#descendants;
  }

  get functions(): number {
    return this.#functions;
  }

  apply(batch: EventBatch): void {
    const { length, columns: { functionIndex, packet, isFirst } } = batch;
    const lineage = batch.section(LINEAGE);
    let highest = this.#highest;
    for (let row = 0; row < length; row++) {
      const index = functionIndex[row];
      if (this.#isSeen[index] === 0) {
        this.#isSeen[index] = 1;
        this.#functions++;
      }
      // Packets are numbered in the order of their first event.
      if (packet[row] > highest) {
        highest = packet[row];
        if (lineage?.packet[row] !== NO_PACKET) this.#packets++;
      }
      if (lineage !== undefined && isFirst[row] === 1) {
        if (lineage.packet[row] !== lineage.journey[row]) this.#descendants++;
      }
    }
    this.#highest = highest;
    this.#events += length;
  }
}
