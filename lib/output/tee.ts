import type { EventBatch } from "../event/batch.ts";
import type { Sink } from "./sink.ts";
import { OutputClosed } from "./stdout.ts";

/**
 * Gives each batch to several sinks. One that fails gets nothing more; the others go on until the end,
 * so that what was captured is in their outputs.
 */
export class Tee implements Sink {
  /** How many sinks there were at first. */
  readonly count: number;
  /** Those that have not failed. */
  #sinks: readonly Sink[];
  #failure: unknown;

  constructor(sinks: readonly Sink[]) {
    this.count = sinks.length;
    this.#sinks = sinks;
  }

  /** Whether a sink has failed. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** @throws what the last sink has failed with, when none is left */
  async write(batch: EventBatch): Promise<void> {
    await this.#forEach((sink) => sink.write(batch));
    if (this.#sinks.length === 0) throw this.#failure;
  }

  /**
   * Finishes all sinks.
   * @throws what the first sink that failed has failed with
   */
  async finish(): Promise<void> {
    await this.#forEach((sink) => sink.finish());
    if (this.hasFailed) throw this.#failure;
  }

  async #forEach(run: (sink: Sink) => Promise<void>): Promise<void> {
    for (const sink of this.#sinks) {
      try {
        await run(sink);
      } catch (error) {
        // That nobody reads an output any more is the least that can go wrong.
        if (!this.hasFailed || this.#failure instanceof OutputClosed) this.#failure = error;
        this.#sinks = this.#sinks.filter((other) => other !== sink);
      }
    }
  }
}
