import type { EventBatch } from "../event/batch.ts";

/**
 * A step between a source and the sinks. It does one thing to each batch: fills a column, drops rows, or
 * counts. Batches come in the order of the trace.
 */
export interface Stage {
  apply(batch: EventBatch): void;
}
