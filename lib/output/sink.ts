import type { Bound } from "../analysis/held/spill_file.ts";
import type { EventBatch } from "../event/batch.ts";
import type { OpenFields } from "../event/fields.ts";
import type { TraceHeader } from "../event/trace_header.ts";
import type { Style } from "./text/style.ts";

/** Writes a sink's bytes; resolves when they are handed over. Rejects with `OutputClosed` when nobody reads. */
export type WriteBytes = (bytes: Uint8Array) => Promise<void>;

/** Turns the events of a trace into bytes. */
export interface Sink {
  /** Takes the batch's rows. The batch may be reused once the promise has resolved. */
  write(batch: EventBatch): Promise<void>;
  /** Writes whatever the sink still holds. No `write` follows. */
  finish(): Promise<void>;
}

/** What a sink works with. */
export interface SinkContext {
  readonly header: TraceHeader;
  readonly write: WriteBytes;
  /** How tables look; plain when it is left out. */
  readonly style?: Style;
  /** Opens the fields that an extension makes of each event's data; undefined without such fields. */
  readonly openFields?: OpenFields;
  /** The bound of what the sink holds until the end; undefined for none. */
  readonly bound?: Bound;
}
