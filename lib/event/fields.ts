/**
 * Fields: what an extension, or the `decode` of a script, says about an event's data. A field has a
 * name, a kind and a value. A `FieldWriter` turns them into text, JSON or columns of a file; each
 * output has one of its own.
 */

/** The most events whose fields are read in one call. */
export const GROUP_EVENTS = 256;

/** A name or text as a writer has encoded it. Only that writer knows what it holds. */
export type Encoded = Uint8Array;

/** Receives the fields of events, one value after the other: a method for each kind of value. */
export interface FieldWriter {
  /** Names that no field may have, because the output uses them itself. */
  readonly reservedNames: ReadonlySet<string>;
  /** Encodes the name of a field, in UTF-8, for `field`. */
  encodeName(name: Uint8Array): Encoded;
  /** Encodes a text that is written many times, for `constant`. */
  encodeText(text: string): Encoded;
  /**
   * Encodes a set of names, such as those of flags, for `constant`.
   * @param zero text for the empty set, in outputs that have no sets
   */
  encodeSet(names: readonly string[], zero: string): Encoded;

  /** Begins a field. Its value follows. */
  field(name: Encoded): void;
  /** Writes an encoded text or set. */
  constant(text: Encoded): void;
  /** Writes UTF-8 as a script has made it, from `start` up to `end`. */
  text(bytes: Uint8Array, start: number, end: number): void;
  /** Writes characters that come from the kernel or a packet: what a terminal would obey is escaped. */
  characters(bytes: Uint8Array, start: number, end: number): void;
  /** Writes an integer. Those from 2^53 on are bigints. */
  integer(value: number | bigint): void;
  /**
   * Writes an integer that people read in hexadecimal.
   * @param bits its width: as text, a negative value is what these bits are without a sign
   */
  hexadecimal(value: number | bigint, bits: number): void;
  /** Writes a floating-point number. */
  number(value: number): void;
  boolean(value: boolean): void;
  /** Writes an address in the kernel, given by its halves. */
  pointer(high: number, low: number): void;
  /** Writes a network address: the bytes at `at` of `data`, in network byte order. */
  ipv4(data: DataView, at: number): void;
  ipv6(data: DataView, at: number): void;
  mac(data: DataView, at: number): void;
  /** Begins a value with fields of its own, which follow until `endStruct`. */
  beginStruct(): void;
  endStruct(): void;
  /** Begins a list. Each of its values follows a call of `element`, until `endList`. */
  beginList(): void;
  element(): void;
  endList(): void;

  /** Writes the text that a script's `dump` has returned, in place of fields. */
  dump(bytes: Uint8Array, start: number, end: number): void;
  /**
   * Writes why an event has no fields.
   * @param name of the function that failed: `dump` or `decode`
   */
  failure(name: string, message: Uint8Array, start: number, end: number): void;

  /** Ends the fields of an event. */
  endEvent(): void;
}

/** Reads the fields of events out of their data, for one writer. */
export interface FieldReader {
  /** How many events had no fields because their function failed. */
  readonly failures: number;
  /**
   * Writes the fields of some events, in their order. Read each event once, and many in one call, but no
   * more than `GROUP_EVENTS`: a call costs about as much as an event.
   * @param data `DATA_BYTES` bytes an event, one after the other; zeros where there is no extension.
   *   Not kept.
   * @throws an error that ends the trace; what earlier calls have written is complete
   */
  read(data: Uint8Array<ArrayBuffer>): void;
}

/**
 * Opens a reader for a writer. Each output of a trace opens its own.
 * @throws IpftError when the writer has no place for a field
 */
export type OpenFields = (writer: FieldWriter) => FieldReader;

/** The fields that every event has in JSON. */
export const EVENT_FIELDS = [
  "packet_id",
  "timestamp",
  "processor_id",
  "module",
  "function",
  "is_return",
] as const;

/**
 * Names that fields must not have in JSON: those above, and the names of sections. Some of these sections
 * do not exist yet. Their names are reserved now, so that nobody's fields have to be renamed later.
 */
export const RESERVED_NAMES: ReadonlySet<string> = new Set([
  ...EVENT_FIELDS,
  ...[
    "packet",
    "parent",
    "packet_origin",
    "merged_into",
    "tuple",
    "dev",
    "meta",
    "process",
    "caller",
    "stack",
  ],
  ...["drop", "ct", "nft", "route", "bridge", "xfrm", "qdisc", "verdict"],
]);
