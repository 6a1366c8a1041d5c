/**
 * Columns: what an event has, declared once. Where a value is in the record, the array that holds it in
 * a batch, and how it is written follow from the declaration.
 */

/** The array that holds a column's values in a batch, by the type of the column. */
export interface Arrays {
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly u32: Uint32Array;
  /** Two words a row: the lower half, then the upper one. */
  readonly u64: Uint32Array;
  /** A u64 of CLOCK_MONOTONIC in the record; in a batch ns since the trace's origin, exact for 104 days. */
  readonly time: Float64Array;
  /** The bytes as they are, in words of four. */
  readonly bytes: Uint32Array<ArrayBuffer>;
}

export type ColumnType = keyof Arrays;

/** How a value is written: in decimal, or in hexadecimal with all its digits. */
export type Notation = "decimal" | "hexadecimal";

/** A value that each row of a batch has. */
export interface Column {
  readonly type: ColumnType;
  /** What the value says. The JSON schema has this sentence. */
  readonly description: string;
  /** Its unit, where it has one. */
  readonly unit?: "ns" | "bytes";
  /** The lowest bits of an integer that belong to it; columns that follow may have the other ones. */
  readonly bits?: number;
  /** Of `bytes`: how many, a multiple of four. */
  readonly sizeBytes?: number;
  /** Decimal unless told. JSON has hexadecimal numbers as text where they are wider than 32 bits. */
  readonly notation?: Notation;
}

/** Columns by name, in the order in which they are in a record. */
export type Columns = Readonly<Record<string, Column>>;

/** The arrays of a batch for some columns. */
export type ArraysOf<C extends Columns> = { readonly [Name in keyof C]: Arrays[C[Name]["type"]] };

/** Words or elements that a row takes in a column's array. */
export function elementsOf({ type, sizeBytes = 0 }: Column): number {
  return type === "u64" ? 2 : type === "bytes" ? sizeBytes / 4 : 1;
}

/** An array for so many rows of a column. */
export function arrayOf(column: Column, rows: number): Arrays[ColumnType] {
  const length = rows * elementsOf(column);
  switch (column.type) {
    case "u8":
      return new Uint8Array(length);
    case "u16":
      return new Uint16Array(length);
    case "u32":
    case "u64":
    case "bytes":
      return new Uint32Array(length);
    case "time":
      return new Float64Array(length);
  }
}

/** The arrays for so many rows of some columns. */
export function arraysOf<C extends Columns>(columns: C, rows: number): ArraysOf<C> {
  const entries = Object.entries(columns).map(([name, column]) => [name, arrayOf(column, rows)]);
  return Object.fromEntries(entries) as ArraysOf<C>;
}

/** The most characters that a value takes as text, without quotes. */
export function widestText({ type, notation }: Column): number {
  const BYTES = { u8: 1, u16: 2, u32: 4, u64: 8, time: 8, bytes: 0 } as const;
  if (notation === "hexadecimal") return 2 + 2 * BYTES[type];
  return String(256n ** BigInt(BYTES[type]) - 1n).length;
}
