import { EventBatch } from "./bpf/event.ts";
import type { RingReader } from "./bpf/ring_reader.ts";
import type { Tracer } from "./bpf/tracer.ts";
import type { Sink } from "./output/sink.ts";

/** An empty ring is looked at this often: an event is shown well within 100 ms. */
const POLL_MS = 20;

/** A ring that never runs empty must not keep signals and timers waiting for longer than this. */
const TURN_MS = 50;

const BATCH_CAPACITY = 1 << 14;

/** After the end, probes that are still under way have this long to submit their records. */
const SETTLE_MS = 1000;

/** What `drain` needs to know and to tell. */
export interface DrainOptions {
  readonly tracer: Tracer;
  readonly reader: RingReader;
  readonly sink: Sink;
  /** Ends the trace. */
  readonly signal: AbortSignal;
  /** Called about every `POLL_MS` while there is nothing to do, and every `TURN_MS` otherwise. */
  readonly onTurn: () => void;
}

/**
 * Moves records from the ring to the sink until the signal, then stops the tracer and moves what is
 * left, down to the last record.
 * @returns how many records the sink got
 */
export async function drain(
  { tracer, reader, sink, signal, onTurn }: DrainOptions,
): Promise<number> {
  const batch = new EventBatch(BATCH_CAPACITY);
  let delivered = 0;
  let turn = performance.now();
  /** Moves one batch; false when there was none. */
  const move = async () => {
    reader.read(batch);
    if (batch.length === 0) return false;
    delivered += batch.length;
    await sink.write(batch);
    return true;
  };
  while (!signal.aborted) {
    const isBusy = await move();
    if (isBusy && performance.now() - turn < TURN_MS) continue;
    onTurn();
    await sleep(isBusy ? 0 : POLL_MS, signal);
    turn = performance.now();
  }
  tracer.stop();
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    if (await move()) continue;
    const { hits, lost } = tracer.counters();
    if (hits === delivered + lost || performance.now() > deadline) return delivered;
    await sleep(1);
  }
}

/** Resolves after `ms`, or at the signal. */
function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal?.addEventListener("abort", end);
  });
}
