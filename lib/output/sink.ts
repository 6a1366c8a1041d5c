import type { EventBatch } from "../event/event.ts";
import type { Tracer } from "../event/trace_header.ts";
import type { DataFormatter } from "../event/data_formatter.ts";
import type { Style } from "./text/style.ts";

/** What a sink needs to know of the trace that feeds it. */
export interface TraceInfo {
  /** Whether there are returns among the events: with `function_graph`. */
  readonly tracer: Tracer;
  /** The traced functions; events refer to them by index. */
  readonly functions: readonly { readonly name: string; readonly module: string }[];
  /** CLOCK_MONOTONIC, in ns, that the timestamps of events count from. */
  readonly originNs: bigint;
  /** How tables look; plainly where it is left out. */
  readonly style?: Style;
  /** What the script makes of each event's data; without it, lines end with the function. */
  readonly dataFormatter?: DataFormatter;
}

/** Where a sink's bytes go; resolves when they are handed over. Rejects with `BrokenPipe` when closed. */
export type WriteBytes = (bytes: Uint8Array) => Promise<void>;

/** A consumer of events: turns batches into bytes on an output. */
export interface Sink {
  /**
   * Takes the batch's rows; the batch may be reused once the promise has resolved. All batches of a
   * trace have `data`, or none has.
   */
  write(batch: EventBatch): Promise<void>;
  /** Writes whatever the sink still holds. No `write` follows. */
  finish(): Promise<void>;
}
