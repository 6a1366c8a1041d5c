/**
 * Fields: what an extension, or a script's `decode`, makes of an event's data. A field has a name, a
 * kind and a value; how that becomes text, JSON or a column of a file is the business of a
 * `FieldWriter`, of which each output brings its own.
 */

/** The most events whose fields are written in one call. */
export const GROUP_EVENTS = 256;

/** A name or text as a writer has encoded it: only that writer knows what is in it. */
export type Encoded = Uint8Array;

/** Takes the fields of events, one value after the other. One method for each kind of value. */
export interface FieldWriter {
  /** Encodes the name of a field, once, for `field`. */
  encodeName(name: string): Encoded;
  /** Encodes a text that is written again and again, for `constant`. */
  encodeText(text: string): Encoded;
  /** Encodes a set of names, such as those of flags, for `constant`. @param zero what stands for none */
  encodeSet(names: readonly string[], zero: string): Encoded;

  /** Begins a field: its value follows. */
  field(name: Encoded): void;
  /** A text, or a set of names. */
  constant(text: Encoded): void;
  /** UTF-8 of unknown origin, from `start` up to `end`. */
  text(bytes: Uint8Array, start: number, end: number): void;
  /** An integer. */
  integer(value: number | bigint): void;
  /** An unsigned integer that people read in hexadecimal. */
  hexadecimal(value: number | bigint): void;
  /** A floating-point number. */
  number(value: number): void;
  boolean(value: boolean): void;
  /** An address in the kernel, by its halves. */
  pointer(high: number, low: number): void;
  /** Addresses of networks: the bytes at `at` of `data`, in network byte order. */
  ipv4(data: DataView, at: number): void;
  ipv6(data: DataView, at: number): void;
  mac(data: DataView, at: number): void;
  /** A value with fields of its own, which follow until `endStruct`. */
  beginStruct(): void;
  endStruct(): void;
  /** A value of several values, each after a call of `element`, until `endList`. */
  beginList(): void;
  element(): void;
  endList(): void;

  /** In place of fields: the text that a script's `dump` returned for the event. */
  dump(bytes: Uint8Array, start: number, end: number): void;
  /** In place of fields: why there are none. @param name of the function that has failed: `dump` */
  failure(name: string, message: Uint8Array, start: number, end: number): void;

  /** Ends the fields of an event. */
  endEvent(): void;
}

/** Reads fields out of events' data, for one writer. */
export interface FieldReader {
  /** For how many events it has failed: their fields say so. */
  readonly failures: number;
  /**
   * Writes the fields of some events, in their order: each event once, `GROUP_EVENTS` at most in one
   * call, because a call has its price as well as an event.
   * @param data `DATA_BYTES` bytes an event, one after the other; zeros where there is no module.
   *   Valid until the call returns.
   * @throws what ends the trace; the fields of earlier calls are still good
   */
  read(data: Uint8Array<ArrayBuffer>): void;
}

/** Makes a reader for a writer: each output of a trace has one of its own. */
export type OpenFields = (writer: FieldWriter) => FieldReader;

/** The fields that every event has in JSON, whose names are therefore not free for data. */
export const EVENT_FIELDS = [
  "packet_id",
  "timestamp",
  "processor_id",
  "module",
  "function",
  "is_return",
] as const;
