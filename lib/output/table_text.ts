import { type LineEnds, lineEnds } from "./line_ends.ts";
import type { TraceInfo } from "./sink.ts";
import { type Constant, constant } from "./text_buffer.ts";

/** Width of the CPU column; the number of a CPU above 999 takes what it needs. */
export const CPU_WIDTH = 3;

/** `0x` and 16 digits. */
const PACKET_WIDTH = 18;

/** What the lines of a human-readable table (`aggregate`, `stream`) have in common. */
export interface TableText {
  readonly timestampWidth: number;
  /** The line with the names of the columns. */
  readonly header: Constant;
  /** The columns for module and function, and what follows. */
  readonly lineEnds: LineEnds;
  /** What a line of the table, the header included, takes at most, apart from an event's text. */
  readonly longestLineBytes: number;
}

/**
 * Lays out the columns: numbers to the right, names to the left, the module's column as wide as the
 * longest name of a module.
 *
 * @param info the traced functions
 * @param timestampNs a timestamp of the trace; its digits are the column's width
 * @param withPacket whether a column for the packet's id follows the CPU
 */
export function tableText(info: TraceInfo, timestampNs: bigint, withPacket: boolean): TableText {
  const timestampWidth = Math.max("Timestamp".length, String(timestampNs).length);
  const moduleWidth = info.functions.reduce(
    (width, { module }) => Math.max(width, module.length),
    "Module".length,
  );
  const lineEnd = (module: string, name: string) => ` ${module.padEnd(moduleWidth)} ${name}`;
  const ends = lineEnds(info, ({ module, name }) => lineEnd(module, name), "\n");
  const start = "Timestamp".padEnd(timestampWidth) + " " + "CPU".padStart(CPU_WIDTH) +
    (withPacket ? " " + "Packet".padEnd(PACKET_WIDTH) : "");
  const header = constant(`${start}${lineEnd("Module", "Function")}\n`);
  // 20 digits hold any timestamp and 10 any 32-bit number; the rest are spaces.
  const longestStartBytes = 20 + 10 + PACKET_WIDTH + 2;
  const longestLineBytes = Math.max(header.sizeBytes, longestStartBytes + ends.longestBytes);
  return { timestampWidth, header, lineEnds: ends, longestLineBytes };
}
