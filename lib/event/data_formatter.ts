/**
 * Makes text of what a module has collected: the end of each event's line. Made for one format of
 * the output, so that what it returns is copied into the line as it is.
 */
export interface DataFormatter {
  /** For how many events it has failed: their text says so. */
  readonly failures: number;
  /**
   * Formats the data of some events, in their order: each event once, `GROUP_LINES` at most in one
   * call, because a call has its price as well as an event.
   * @param data `DATA_BYTES` bytes an event, one after the other; zeros where there is no module.
   *   Valid until the call returns.
   * @returns a text for each event; valid until the next call
   * @throws what ends the trace; the lines of earlier calls are still written
   */
  format(data: Uint8Array<ArrayBuffer>): FormattedData;
}

/**
 * A text for each of some events, in UTF-8. In a table a text follows the name of the function and
 * begins with its own space, e.g. ` (mark: 0x1)`; in JSON it follows the last field and begins with
 * a comma, e.g. `,"dump":"(mark: 0x1)"`. It may be empty, and of any length.
 */
export interface FormattedData {
  /** The texts, one after the other. */
  readonly bytes: Uint8Array;
  /** Where the text of each event ends in `bytes`; it begins where the one before it ends. */
  readonly ends: Uint32Array;
}

/** The fields that every event has in JSON, whose names are therefore not free for data. */
export const EVENT_FIELDS = [
  "packet_id",
  "timestamp",
  "processor_id",
  "module",
  "function",
  "is_return",
] as const;
