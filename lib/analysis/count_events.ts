import type { EventBatch } from "../event/batch.ts";
import type { Stage } from "./stage.ts";

/** Counts what a trace shows: its events, their packets, and the functions that they are in. */
export class CountEvents implements Stage {
  /** By function index, which has 16 bits. */
  readonly #isSeen = new Uint8Array(2 ** 16);
  #events = 0;
  #packets = 0;
  #functions = 0;

  get events(): number {
    return this.#events;
  }

  get packets(): number {
    return this.#packets;
  }

  get functions(): number {
    return this.#functions;
  }

  apply({ length, columns }: EventBatch): void {
    const { functionIndex, packet } = columns;
    let packets = this.#packets;
    for (let row = 0; row < length; row++) {
      const index = functionIndex[row];
      if (this.#isSeen[index] === 0) {
        this.#isSeen[index] = 1;
        this.#functions++;
      }
      // Packets are numbered in the order of their first event.
      if (packet[row] > packets) packets = packet[row];
    }
    this.#packets = packets;
    this.#events += length;
  }
}
