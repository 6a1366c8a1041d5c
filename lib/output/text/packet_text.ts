/** What lines for people say of the packet that they are about, in traces that follow packets. */
import { constant } from "../../base/constant.ts";
import {
  type LineageArrays,
  MATCHED,
  NO_PACKET,
  type Origin,
  ORIGINS,
} from "../../event/lineage.ts";
import type { TextBuffer } from "./text_buffer.ts";

/** The most digits of a packet's number. */
const MOST_DIGITS = 10;

/** The width of a column for numbers of packets, in which larger numbers take what they need. */
export const NUMBER_WIDTH = "Packet".length;

/** The heading of such a column. */
export function numberHeading(width: number): string {
  return "Packet".padStart(width);
}

/** The most bytes that `appendNumber` appends. */
export function longestNumberBytes(width: number): number {
  return Math.max(width, MOST_DIGITS);
}

/** Appends the number of a packet, right-aligned; `?` where nobody knows it. */
export function appendNumber(text: TextBuffer, packet: number, width: number): void {
  const UNKNOWN = 0x3f;
  if (packet !== NO_PACKET) return text.appendDecimal(packet, width);
  text.appendSpaces(width - 1);
  text.appendByte(UNKNOWN);
}

/** What stands before the number of the relative. */
const BEFORE: Readonly<Record<Exclude<Origin, "matched">, string>> = {
  copy: " [copy of ",
  segment: " [segment of ",
  fragment: " [fragment of ",
  split: " [split from ",
  tap: " [tap's copy of ",
  merge: " [with data of ",
  merged: " [merged into ",
};
const NOTES = ORIGINS.map((origin) => constant(origin === "matched" ? "" : BEFORE[origin]));
const CLOSING = constant("]"), NEWLINE = constant("\n");

/** The most bytes of a note, and of the end of a line. */
export const LONGEST_NOTE_BYTES = Math.max(...NOTES.map(({ sizeBytes }) => sizeBytes)) +
  MOST_DIGITS + CLOSING.sizeBytes + NEWLINE.sizeBytes;

/** Appends what the packet came from, or what it became a part of, where there is something to say. */
export function appendNote(
  text: TextBuffer,
  { relative, origin }: LineageArrays,
  row: number,
): void {
  if (origin[row] === MATCHED) return;
  text.appendConstant(NOTES[origin[row]]);
  text.appendDecimal(relative[row]);
  text.appendConstant(CLOSING);
}

export function appendNewline(text: TextBuffer): void {
  text.appendConstant(NEWLINE);
}
