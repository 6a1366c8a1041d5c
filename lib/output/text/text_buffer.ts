import { THREE_DIGITS } from "../../base/ascii_word.ts";
import { ByteBuilder } from "../../base/byte_builder.ts";
import { putDecimal } from "../../base/put_decimal.ts";
import { GROUP_EVENTS } from "../../event/fields.ts";
import type { WriteBytes } from "../sink.ts";

/** Bytes gathered before they are handed on: several pipes full, and still within a CPU's cache. */
const FLUSH_BYTES = 256 * 1024;

const NS_PER_SECOND = 1_000_000_000;

/** Lines of text, built in a buffer that is made once, with room for the longest group of lines. */
export class TextBuffer extends ByteBuilder {
  readonly #write: WriteBytes;

  // The origin in two parts, because CLOCK_MONOTONIC in ns passes 2^53 after 104 days of uptime.
  readonly #originSeconds: number;
  readonly #originNs: number;
  // The seconds of a timestamp seldom change: their text stays from one line to the next. Two words hold
  // the 11 digits of the seconds in 2^64 ns.
  #seconds = NaN;
  readonly #secondsText = { words: new Float64Array(2), sizeBytes: 0 };
  readonly #secondsBytes = new Uint8Array(this.#secondsText.words.buffer);

  /**
   * @param write where the bytes go
   * @param originNs CLOCK_MONOTONIC, in ns, that timestamps count from
   * @param longestLineBytes the most that a line takes, apart from what the methods that make room append
   */
  constructor(write: WriteBytes, originNs: bigint, longestLineBytes: number) {
    super(GROUP_EVENTS * longestLineBytes, FLUSH_BYTES);
    this.#write = write;
    this.#originSeconds = Number(originNs / BigInt(NS_PER_SECOND));
    this.#originNs = Number(originNs % BigInt(NS_PER_SECOND));
  }

  /**
   * Writes lines, and whatever the buffer holds already.
   * @param count how many lines
   * @param append appends the lines from `from` up to `to`, `GROUP_EVENTS` at most. When it throws
   *   before it has appended any, those before them are still written.
   */
  async writeLines(count: number, append: (from: number, to: number) => void): Promise<void> {
    try {
      for (let from = 0; from < count; from += GROUP_EVENTS) {
        if (this.length >= FLUSH_BYTES) await this.flush();
        append(from, Math.min(from + GROUP_EVENTS, count));
      }
    } finally {
      await this.flush();
    }
  }

  /** Hands on what the buffer holds, and empties it. */
  async flush(): Promise<void> {
    if (this.length === 0) return;
    const { bytes } = this;
    this.clear(); // first, so that what could not be written is not tried again
    await this.#write(bytes);
  }

  /** Appends nanoseconds as µs with three decimals, `12.345`, right-aligned in at least `width` columns. */
  appendMicroseconds(ns: number, width: number): void {
    const POINT = 0x2e, whole = Math.floor(ns / 1000);
    this.appendDecimal(whole, width - 4);
    this.appendByte(POINT);
    this.view.setUint32(this.size, THREE_DIGITS[ns - whole * 1000], true);
    this.size += 3;
  }

  /**
   * Appends an absolute CLOCK_MONOTONIC timestamp in ns, exact to the last digit and right-aligned.
   * @param sinceOriginNs an integer; negative when the event is older than the origin
   * @param width in at least so many columns, the same in every call
   */
  appendTimestamp(sinceOriginNs: number, width: number): void {
    const sumNs = this.#originNs + sinceOriginNs;
    const carry = Math.floor(sumNs / NS_PER_SECOND);
    const ns = (sumNs - carry * NS_PER_SECOND) | 0; // as integers they are divided by multiplying
    const seconds = this.#originSeconds + carry;
    if (seconds !== this.#seconds) this.#setSeconds(seconds, width);
    if (seconds === 0) return this.appendDecimal(ns, width);
    this.appendConstant(this.#secondsText);
    const millions = (ns / 1_000_000) | 0;
    const belowMillion = ns - millions * 1_000_000;
    const thousands = (belowMillion / 1000) | 0;
    const start = this.size;
    this.view.setUint32(start, THREE_DIGITS[millions], true);
    this.view.setUint32(start + 3, THREE_DIGITS[thousands], true);
    this.view.setUint32(start + 6, THREE_DIGITS[belowMillion - thousands * 1000], true);
    this.size = start + 9;
  }

  #setSeconds(seconds: number, width: number): void {
    this.#seconds = seconds;
    this.#secondsText.sizeBytes = putDecimal(this.#secondsBytes, 0, seconds, width - 9);
  }
}
