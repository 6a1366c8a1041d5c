import type { Columns } from "./column.ts";

/** Columns that a trace has only when it was asked for them: a part of every record. */
export interface Section<C extends Columns = Columns> {
  /** What `--show` takes, and the name of the object in JSON. */
  readonly name: string;
  readonly description: string;
  /** The members of the C struct of that name, in its order. */
  readonly columns: C;
  /**
   * The number that stands in the programs for where the section is in a record; 0 takes its place when
   * the section is absent.
   */
  readonly placeholder: number;
}

/** What the user's extension may fill of each event. */
export const DATA_BYTES = 64;

/**
 * The data of the user's extension. It is no section that anybody asks for by name: it is there when the
 * trace has an extension, and what the extension makes of it are fields of its own.
 */
export const DATA = {
  name: "data",
  description: "What the extension has collected",
  columns: { bytes: { type: "bytes", sizeBytes: DATA_BYTES, description: "As it is" } },
  placeholder: 0x1bf7da7a,
} as const satisfies Section;
