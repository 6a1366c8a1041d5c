import { DATA_BYTES } from "../../event/event.ts";
import type { DataFormatter, FormattedData } from "../../event/data_formatter.ts";
import type { TraceInfo } from "../sink.ts";
import {
  type Constant,
  constant,
  type Constants,
  constants,
  GROUP_LINES,
  type TextBuffer,
} from "./text_buffer.ts";

/**
 * How the lines of a sink end: with what it says of the function, then the text of the event's data
 * where there is a formatter, then what closes the line.
 */
export interface LineEnds {
  /** What an end takes at most, apart from the event's own text. */
  readonly longestBytes: number;
  /**
   * Prepares the ends of the next lines, before any of them is begun: what the formatter throws
   * leaves whole lines only.
   * @param count how many lines, `GROUP_LINES` at most
   * @param data `DATA_BYTES` bytes a line; without a module there are none
   */
  prepare(count: number, data?: Uint8Array<ArrayBuffer>): void;
  /**
   * Ends the next line.
   * @param kind which of the descriptions it ends with
   */
  append(text: TextBuffer, functionIndex: number, kind?: number): void;
}

/** What a line says of a function. */
export type Describe = (traced: TraceInfo["functions"][number]) => string;

/**
 * The ends of the lines of a trace.
 * @param descriptions for each kind of line one
 * @param closing what comes last in a line
 */
export function lineEnds(
  { functions, dataFormatter }: TraceInfo,
  descriptions: readonly Describe[],
  closing: string,
): LineEnds {
  const starts = descriptions.flatMap((describe) => functions.map(describe));
  return dataFormatter === undefined
    ? new PlainEnds(starts.map((start) => start + closing), functions.length)
    : new FormattedEnds(starts, functions.length, closing, dataFormatter);
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
    text.constantOf(this.#ends, kind * this.#functionCount + functionIndex);
  }
}

/** What a formatter gets where no module has written anything. */
const NO_DATA = new Uint8Array(GROUP_LINES * DATA_BYTES);

/** Ends with a text of the event's data. */
class FormattedEnds implements LineEnds {
  readonly longestBytes: number;
  readonly #starts: Constants;
  readonly #functionCount: number;
  readonly #closing: Constant;
  readonly #formatter: DataFormatter;
  #texts: FormattedData = { bytes: new Uint8Array(), ends: new Uint32Array() };
  /** Which of `#texts` is the next, and where it begins. */
  #next = 0;
  #position = 0;

  /** @param starts by function index, kind after kind */
  constructor(
    starts: readonly string[],
    functionCount: number,
    closing: string,
    formatter: DataFormatter,
  ) {
    this.#starts = constants(starts);
    this.#functionCount = functionCount;
    this.#closing = constant(closing);
    this.#formatter = formatter;
    this.longestBytes = longest(this.#starts) + this.#closing.sizeBytes;
  }

  prepare(count: number, data = NO_DATA.subarray(0, count * DATA_BYTES)): void {
    this.#texts = this.#formatter.format(data);
    this.#next = 0;
    this.#position = 0;
  }

  append(text: TextBuffer, functionIndex: number, kind = 0): void {
    const start = this.#position;
    this.#position = this.#texts.ends[this.#next++];
    text.constantOf(this.#starts, kind * this.#functionCount + functionIndex);
    text.bytes(this.#texts.bytes, start, this.#position);
    text.constant(this.#closing);
  }
}

function longest({ sizesBytes }: Constants): number {
  return sizesBytes.reduce((longest, size) => Math.max(longest, size), 0);
}
