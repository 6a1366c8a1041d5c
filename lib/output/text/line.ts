import { constant } from "../../base/constant.ts";
import type { Column } from "../../event/column.ts";
import { widestText } from "../../event/column.ts";
import { EVENT, type EventArrays } from "../../event/event.ts";
import type { TextBuffer } from "./text_buffer.ts";

/** A part of every line: a text, or the value of a column, right-aligned in at least `width` characters. */
export type Piece = string | { readonly column: keyof typeof EVENT; readonly width?: number };

/** The start of the lines of an output, up to the name of the function. */
export interface Line {
  /** The most bytes that it appends. */
  readonly longestBytes: number;
  /** Appends the pieces for an event. */
  append(text: TextBuffer, columns: EventArrays, row: number): void;
}

/**
 * Compiles the pieces of a line into a function. An interpreter of the pieces would decide anew for each
 * of millions of lines what is known before the first one.
 */
export function compileLine(pieces: readonly Piece[]): Line {
  const constants = pieces.filter((piece) => typeof piece === "string").map(constant);
  let next = 0;
  const statements = pieces.map((piece) =>
    typeof piece === "string"
      ? `text.appendConstant(constant${next++});`
      : appendValue(piece.column, EVENT[piece.column], piece.width ?? 0)
  );
  const names = constants.map((_, i) => `constant${i}`);
  const body = `return (text, columns, row) => { ${statements.join(" ")} };`;
  const append = new Function(...names, body)(...constants) as Line["append"];
  return { append, longestBytes: pieces.reduce((sum, piece) => sum + longestBytes(piece), 0) };
}

/** The statement that appends the value of a column. */
function appendValue(name: string, column: Column, width: number): string {
  const values = `columns.${name}`;
  if (column.type === "time") return `text.appendTimestamp(${values}[row], ${width});`;
  if (column.type === "u64" && column.notation === "hexadecimal") {
    return `text.appendHex64(${values}[2 * row + 1], ${values}[2 * row]);`;
  }
  if (column.type === "u64" || column.type === "bytes") {
    throw new Error(`no line has a decimal column ${name} of type ${column.type}`);
  }
  return `text.appendDecimal(${values}[row], ${width});`;
}

function longestBytes(piece: Piece): number {
  if (typeof piece === "string") return new TextEncoder().encode(piece).length;
  return Math.max(piece.width ?? 0, widestText(EVENT[piece.column]));
}
