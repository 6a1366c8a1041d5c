import { type Constant, constant, type Constants, constants } from "../../base/constant.ts";
import type { EventBatch } from "../../event/batch.ts";
import type { TracedFunction } from "../../event/trace_header.ts";
import type { EventTexts } from "../fields/event_texts.ts";
import type { TextBuffer } from "./text_buffer.ts";

/**
 * The ends of a sink's lines: what it says of the function, then the event's own texts, where there are
 * any, then what closes the line.
 */
export interface LineEnds {
  /** The most bytes of an end, apart from the event's own texts. */
  readonly longestBytes: number;
  /**
   * Prepares the ends of the next lines, before any of them is begun: what it throws leaves whole lines
   * only.
   * @param from the first row; up to `to`, `GROUP_EVENTS` at most
   */
  prepare(batch: EventBatch, from: number, to: number): void;
  /**
   * Ends the next line.
   * @param kind which of the descriptions it ends with
   */
  append(text: TextBuffer, functionIndex: number, kind?: number): void;
}

/** Says what a line says of a function. */
export type Describe = (traced: TracedFunction) => string;

/**
 * Makes the ends of the lines of a trace.
 * @param descriptions one for each kind of line
 * @param closing what comes last in a line
 * @param texts the events' own texts; none where a trace has neither sections nor fields
 */
export function lineEnds(
  functions: readonly TracedFunction[],
  descriptions: readonly Describe[],
  closing: string,
  texts: readonly EventTexts[],
): LineEnds {
  const starts = descriptions.flatMap((describe) => functions.map(describe));
  return texts.length === 0
    ? new PlainEnds(starts.map((start) => start + closing), functions.length)
    : new EndsWithTexts(starts, functions.length, closing, texts);
}

/** Ends that depend on the function alone. */
class PlainEnds implements LineEnds {
  readonly longestBytes: number;
  readonly #ends: Constants;
  readonly #functionCount: number;

  /** @param ends by function index, kind after kind */
  constructor(ends: readonly string[], functionCount: number) {
    this.#ends = constants(ends);
    this.#functionCount = functionCount;
    this.longestBytes = longest(this.#ends);
  }

  prepare(): void {}

  append(text: TextBuffer, functionIndex: number, kind = 0): void {
    text.appendConstantOf(this.#ends, kind * this.#functionCount + functionIndex);
  }
}

/** Ends that have texts of the event. */
class EndsWithTexts implements LineEnds {
  readonly longestBytes: number;
  readonly #starts: Constants;
  readonly #functionCount: number;
  readonly #closing: Constant;
  readonly #texts: readonly EventTexts[];

  /** @param starts by function index, kind after kind */
  constructor(
    starts: readonly string[],
    functionCount: number,
    closing: string,
    texts: readonly EventTexts[],
  ) {
    this.#starts = constants(starts);
    this.#functionCount = functionCount;
    this.#closing = constant(closing);
    this.#texts = texts;
    this.longestBytes = longest(this.#starts) + this.#closing.sizeBytes;
  }

  prepare(batch: EventBatch, from: number, to: number): void {
    for (const texts of this.#texts) texts.prepare(batch, from, to);
  }

  append(text: TextBuffer, functionIndex: number, kind = 0): void {
    text.appendConstantOf(this.#starts, kind * this.#functionCount + functionIndex);
    for (const texts of this.#texts) texts.appendNext(text);
    text.appendConstant(this.#closing);
  }
}

function longest({ sizesBytes }: Constants): number {
  return sizesBytes.reduce((longest, size) => Math.max(longest, size), 0);
}
