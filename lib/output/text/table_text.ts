import type { TraceInfo } from "../sink.ts";
import { PLAIN, type Style } from "./style.ts";
import type { TextBuffer } from "./text_buffer.ts";
import { constant } from "./text_buffer.ts";

/** Width of the CPU column; the number of a CPU above 999 takes what it needs. */
const CPU_WIDTH = 3;

/** What `appendStart` appends at most: 20 digits of a timestamp, a space, 5 digits of a CPU. */
export const LONGEST_START_BYTES = 26;

const SPACE = constant(" ");

/** The columns that all human-readable tables have: numbers to the right, names to the left. */
export interface TableColumns {
  readonly timestampWidth: number;
  /** The names of the first two columns, timestamp and CPU. */
  readonly start: string;
  /** A name, as wide as the longest name of a module. */
  module(name: string): string;
  readonly style: Style;
}

/**
 * Lays out the columns.
 * @param timestampNs a timestamp of the trace; its digits are the column's width
 */
export function tableColumns(
  { functions, style = PLAIN }: TraceInfo,
  timestampNs: bigint,
): TableColumns {
  const timestampWidth = Math.max("Timestamp".length, String(timestampNs).length);
  const moduleWidth = functions.reduce(
    (width, { module }) => Math.max(width, module.length),
    "Module".length,
  );
  return {
    timestampWidth,
    start: `${"Timestamp".padEnd(timestampWidth)} ${"CPU".padStart(CPU_WIDTH)}`,
    module: (name) => name.padEnd(moduleWidth),
    style,
  };
}

/** Appends the first two columns of a line. */
export function appendStart(text: TextBuffer, timestamp: number, cpu: number): void {
  text.timestamp(timestamp);
  text.constant(SPACE);
  text.decimal(cpu, CPU_WIDTH);
}
