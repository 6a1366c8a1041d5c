import type { TraceHeader } from "../../event/trace_header.ts";
import type { Piece } from "./line.ts";
import { PLAIN, type Style } from "./style.ts";

/** Width of the CPU column. The number of a CPU above 999 takes what it needs. */
const CPU_WIDTH = 3;

/** What the tables for people have in common: numbers to the right, names to the left. */
export interface Table {
  readonly style: Style;
  /** The names of the first two columns, timestamp and CPU. */
  readonly heading: string;
  /** The first two columns of a line. */
  readonly start: readonly Piece[];
  /** Pads a name to the longest name of a module. */
  module(name: string): string;
}

/**
 * Lays out the columns.
 * @param timestampNs a timestamp of the trace: its digits are the width of the column
 */
export function layOutTable(
  { functions }: TraceHeader,
  style: Style = PLAIN,
  timestampNs: bigint,
): Table {
  const timestampWidth = Math.max("Timestamp".length, String(timestampNs).length);
  const moduleWidth = functions.reduce(
    (width, { module }) => Math.max(width, module.length),
    "Module".length,
  );
  return {
    style,
    heading: `${"Timestamp".padEnd(timestampWidth)} ${"CPU".padStart(CPU_WIDTH)}`,
    start: [
      { column: "timestamp", width: timestampWidth },
      " ",
      { column: "cpu", width: CPU_WIDTH },
    ],
    module: (name) => name.padEnd(moduleWidth),
  };
}
