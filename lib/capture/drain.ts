import { EventBatch } from "../event/event.ts";
import type { RingReader } from "../bpf/ring_reader.ts";
import type { Programs } from "../bpf/programs.ts";
import type { Sink } from "../output/sink.ts";
import type { TraceCount } from "../analysis/trace_count.ts";

/** While records come, an empty ring is looked at this often. */
const POLL_MS = 10;

/** When none came for `POLL_MS`, the kernel wakes ipft up for the next one, or after this time. */
const ASLEEP_MS = 1000;

/** A ring that never runs empty must not keep signals and timers waiting for longer than this. */
const TURN_MS = 50;

const BATCH_CAPACITY = 1 << 14;

/** After the end, probes that are still under way have this long to submit their records. */
const SETTLE_MS = 1000;

/** What `drain` needs to know and to tell. */
export interface DrainOptions {
  readonly tracer: Programs;
  readonly reader: RingReader;
  readonly sink: Sink;
  /** Ends the trace. */
  readonly signal: AbortSignal;
  /** Where the sink writes: what closes it ends the sleep. */
  readonly outputFd: number;
  /** Whether a module adds data to the records. */
  readonly withData: boolean;
  /** Counts the events that the sink gets, and leaves out the others. */
  readonly count: TraceCount;
  /** Called every now and then, at least every `ASLEEP_MS`. */
  readonly onTurn: () => void;
}

/**
 * Moves records from the rings to the sink until the signal, then stops the tracer and moves what is
 * left, down to the last record.
 * @returns how many records there were, with those that `count` left out
 */
export async function drain(
  { tracer, reader, sink, signal, outputFd, withData, count, onTurn }: DrainOptions,
): Promise<number> {
  const batch = new EventBatch(BATCH_CAPACITY, withData);
  let delivered = 0;
  /** Moves one batch; false when there was none. */
  const move = async () => {
    reader.read(batch);
    if (batch.length === 0) return false;
    delivered += batch.length;
    count.take(batch);
    if (batch.length > 0) await sink.write(batch);
    return true;
  };
  let turn = performance.now(), movedAt = turn;
  while (!signal.aborted) {
    const isMoving = await move();
    if (isMoving) {
      movedAt = performance.now();
      if (movedAt - turn < TURN_MS) continue;
    }
    onTurn();
    if (isMoving) {
      await sleep(0);
    } else if (performance.now() - movedAt < POLL_MS) {
      await sleep(POLL_MS);
    } else {
      await orAborted(tracer.waitForRecord(outputFd, ASLEEP_MS), signal);
    }
    turn = performance.now();
  }
  tracer.stop();
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    if (await move()) continue;
    const { hits, lost, dropped } = tracer.counters();
    if (hits === delivered + lost + dropped || performance.now() > deadline) return delivered;
    await sleep(1);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Resolves with the promise, or at the signal. (`Promise.race` would pile up on a lasting promise.) */
function orAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const end = () => {
      signal.removeEventListener("abort", end);
      resolve();
    };
    signal.addEventListener("abort", end);
    promise.then(end, reject);
  });
}
