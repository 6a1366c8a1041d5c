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

/** No function has a longer name (KSYM_NAME_LEN), and no module (MODULE_NAME_LEN). */
const LONGEST: TracedFunction = { name: "f".repeat(511), module: "m".repeat(55) };

/**
 * Makes the ends of the lines of a trace.
 * @param functions may grow between two calls of `prepare`
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
  return texts.length === 0
    ? new PlainEnds(new Starts(functions, descriptions, closing))
    : new EndsWithTexts(new Starts(functions, descriptions, ""), closing, texts);
}

/** What lines say of each function. */
class Starts {
  /** By function index, kind after kind. */
  constants: Constants;
  functionCount: number;
  readonly longestBytes: number;
  readonly #functions: readonly TracedFunction[];
  readonly #descriptions: readonly Describe[];

  /** @param closing follows each of them */
  constructor(
    functions: readonly TracedFunction[],
    descriptions: readonly Describe[],
    closing: string,
  ) {
    this.#functions = functions;
    this.#descriptions = descriptions.map((describe) => (traced) => describe(traced) + closing);
    this.constants = this.#make(functions);
    this.functionCount = functions.length;
    const longest = [...this.constants.sizesBytes, ...this.#make([LONGEST]).sizesBytes];
    this.longestBytes = longest.reduce((a, b) => Math.max(a, b), 0);
  }

  /** Takes in the functions that were added. */
  update(): void {
    if (this.#functions.length === this.functionCount) return;
    this.functionCount = this.#functions.length;
    this.constants = this.#make(this.#functions);
  }

  #make(functions: readonly TracedFunction[]): Constants {
    return constants(this.#descriptions.flatMap((describe) => functions.map(describe)));
  }
}

/** Ends that depend on the function alone. */
class PlainEnds implements LineEnds {
  readonly longestBytes: number;
  readonly #starts: Starts;
  #ends: Constants;
  #functionCount: number;

  /** @param starts whole ends, in this case */
  constructor(starts: Starts) {
    this.#starts = starts;
    this.#ends = starts.constants;
    this.#functionCount = starts.functionCount;
    this.longestBytes = starts.longestBytes;
  }

  prepare(): void {
    this.#starts.update();
    this.#ends = this.#starts.constants;
    this.#functionCount = this.#starts.functionCount;
  }

  append(text: TextBuffer, functionIndex: number, kind = 0): void {
    text.appendConstantOf(this.#ends, kind * this.#functionCount + functionIndex);
  }
}

/** Ends that have texts of the event. */
class EndsWithTexts implements LineEnds {
  readonly longestBytes: number;
  readonly #plain: PlainEnds;
  readonly #closing: Constant;
  readonly #texts: readonly EventTexts[];

  constructor(starts: Starts, closing: string, texts: readonly EventTexts[]) {
    this.#plain = new PlainEnds(starts);
    this.#closing = constant(closing);
    this.#texts = texts;
    this.longestBytes = starts.longestBytes + this.#closing.sizeBytes;
  }

  prepare(batch: EventBatch, from: number, to: number): void {
    this.#plain.prepare();
    for (const texts of this.#texts) texts.prepare(batch, from, to);
  }

  append(text: TextBuffer, functionIndex: number, kind = 0): void {
    this.#plain.append(text, functionIndex, kind);
    for (const texts of this.#texts) texts.appendNext(text);
    text.appendConstant(this.#closing);
  }
}
