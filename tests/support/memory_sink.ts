import type { EventBatch } from "../../lib/event/batch.ts";
import type { Sink } from "../../lib/output/sink.ts";

/** A sink that remembers the skbs of the events that it gets, and fails when it is told to. */
export class MemorySink implements Sink {
  readonly skbs: number[] = [];
  isFinished = false;
  readonly #failAt: number;
  readonly #failure: Error;

  /** @param failAt the event at which writing fails */
  constructor(failAt = Infinity, failure = new Error("the disk is full")) {
    this.#failAt = failAt;
    this.#failure = failure;
  }

  write({ length, columns }: EventBatch): Promise<void> {
    for (let row = 0; row < length; row++) {
      if (this.skbs.length >= this.#failAt) return Promise.reject(this.#failure);
      this.skbs.push(columns.skb[2 * row]);
    }
    return Promise.resolve();
  }

  finish(): Promise<void> {
    this.isFinished = true;
    return Promise.resolve();
  }
}
