import type { Stage } from "../analysis/stage.ts";
import { EventBatch } from "../event/batch.ts";
import type { Sink } from "../output/sink.ts";
import type { EventSource } from "./event_source.ts";

const BATCH_CAPACITY = 1 << 14;

/** A source that never runs dry must not keep signals and timers waiting for longer than this. */
const TURN_MS = 50;

/** From a source through stages to a sink. */
export interface Flow {
  readonly source: EventSource;
  /** In the order in which they see each batch. */
  readonly stages: readonly Stage[];
  readonly sink: Sink;
  /** Asks the source to end. */
  readonly signal: AbortSignal;
  /** Called until the signal: whenever the source has nothing, and at least every `TURN_MS` else. */
  readonly onTurn: () => void;
}

/** Moves all events of a source to a sink, down to the last one. It does not finish the sink. */
export async function pump({ source, stages, sink, signal, onTurn }: Flow): Promise<void> {
  const stop = () => source.stop();
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop);
  try {
    const batch = new EventBatch(BATCH_CAPACITY, source.header.sections);
    let turn = performance.now();
    while (await source.read(batch)) {
      const isIdle = batch.length === 0;
      if (!isIdle) {
        for (const stage of stages) stage.apply(batch);
        if (batch.length > 0) await sink.write(batch);
        if (performance.now() - turn < TURN_MS) continue;
      }
      if (!signal.aborted) onTurn();
      if (!isIdle) await new Promise((resolve) => setTimeout(resolve, 0));
      turn = performance.now();
    }
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
