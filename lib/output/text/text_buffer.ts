import { putDecimal } from "../../base/put_decimal.ts";
import { GROUP_EVENTS } from "../../event/fields.ts";
import type { WriteBytes } from "../sink.ts";

/** Bytes gathered before they are handed on: several pipes full, and still within a CPU's cache. */
const FLUSH_BYTES = 256 * 1024;

/** From this size on a view of the bytes and `set` are quicker than a loop. */
const LONG_BYTES = 64;

const NS_PER_SECOND = 1_000_000_000;

/** A text that is written again and again, encoded once. */
export interface Constant {
  /**
   * The text's UTF-8, eight bytes an element (little-endian, the last one padded), because copying
   * whole machine words is what makes lines cheap. No valid UTF-8 looks like a NaN (bytes 7 and 6
   * would have to be 7f and f0 or more), so that every element is copied as it is.
   */
  readonly words: Float64Array;
  readonly sizeBytes: number;
}

/** Encodes `text` for `TextBuffer.constant`. */
export function constant(text: string): Constant {
  const bytes = new TextEncoder().encode(text);
  const padded = new Uint8Array(Math.ceil(bytes.length / 8) * 8);
  padded.set(bytes);
  const view = new DataView(padded.buffer);
  const words = new Float64Array(padded.length / 8).map((_, i) => view.getFloat64(i * 8, true));
  return { words, sizeBytes: bytes.length };
}

/**
 * Many texts of which any may be the next. Side by side, because of so many the next one is seldom in
 * the CPU's cache, and then each further place that leads to it takes as long as the rest of a line.
 */
export interface Constants {
  /** Those of each text in turn, `wordsEach` a text, as in `Constant`. */
  readonly words: Float64Array;
  readonly wordsEach: number;
  readonly sizesBytes: Uint32Array;
}

/** Encodes `texts` for `TextBuffer.constantOf`. */
export function constants(texts: readonly string[]): Constants {
  const encoded = texts.map(constant);
  const wordsEach = Math.max(0, ...encoded.map(({ words }) => words.length));
  const words = new Float64Array(texts.length * wordsEach);
  encoded.forEach((text, i) => words.set(text.words, i * wordsEach));
  return { words, wordsEach, sizesBytes: Uint32Array.from(encoded, ({ sizeBytes }) => sizeBytes) };
}

const [EIGHT_SPACES] = constant(" ".repeat(8)).words;

/** Up to four ASCII characters as a little-endian integer. */
function asciiWord(text: string): number {
  return [...text].reduce((word, char, i) => word | char.charCodeAt(0) << (8 * i), 0);
}

/** `00` to `ff`. */
const HEX_BYTES = Uint16Array.from(
  { length: 256 },
  (_, value) => asciiWord(value.toString(16).padStart(2, "0")),
);

/** `000` to `999`. */
const THREE_DIGITS = Uint32Array.from(
  { length: 1000 },
  (_, value) => asciiWord(String(value).padStart(3, "0")),
);

/**
 * Lines of text, built as bytes in a buffer that is made once. Nothing here allocates per line: no
 * string, no BigInt, no object, because millions of lines a second pass through.
 *
 * Before each group of lines there is room for the longest that they can be, so that the appending
 * methods need no check of their own. Only `bytes` and `spaces`, whose length nobody knows before, have one.
 */
export class TextBuffer {
  readonly #write: WriteBytes;
  /** Room for a group of lines. */
  readonly #groupBytes: number;
  #bytes: Uint8Array;
  #view: DataView;
  #sizeBytes = 0;

  // The origin in two parts, because CLOCK_MONOTONIC in ns passes 2^53 after 104 days of uptime.
  readonly #originSeconds: number;
  readonly #originNs: number;
  // A timestamp's seconds seldom change: their text stays from one line to the next. Two words hold
  // the 11 digits of the seconds in 2^64 ns.
  #seconds = NaN;
  readonly #secondsText = { words: new Float64Array(2), sizeBytes: 0 };
  readonly #secondsBytes = new Uint8Array(this.#secondsText.words.buffer);

  /**
   * @param write where the bytes go
   * @param originNs CLOCK_MONOTONIC, in ns, that timestamps count from
   * @param longestLineBytes what one line takes at most, apart from what `bytes` and `spaces` append
   */
  constructor(
    write: WriteBytes,
    originNs: bigint,
    longestLineBytes: number,
  ) {
    this.#write = write;
    // The last word of a constant may reach seven bytes past its text.
    this.#groupBytes = GROUP_EVENTS * longestLineBytes + 7;
    this.#bytes = new Uint8Array(FLUSH_BYTES + this.#groupBytes);
    this.#view = new DataView(this.#bytes.buffer);
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
        if (this.#sizeBytes >= FLUSH_BYTES) await this.flush();
        append(from, Math.min(from + GROUP_EVENTS, count));
      }
    } finally {
      await this.flush();
    }
  }

  /** Hands on what the buffer holds, and empties it. */
  async flush(): Promise<void> {
    if (this.#sizeBytes === 0) return;
    const bytes = this.#bytes.subarray(0, this.#sizeBytes);
    this.#sizeBytes = 0; // first, so that what could not be written is not tried again
    await this.#write(bytes);
  }

  /** Appends a text that `constant` encoded. */
  constant({ words, sizeBytes }: Constant): void {
    const start = this.#sizeBytes;
    for (let i = 0; i < words.length; i++) this.#view.setFloat64(start + i * 8, words[i], true);
    this.#sizeBytes = start + sizeBytes;
  }

  /** Appends one of the texts that `constants` encoded. */
  constantOf({ words, wordsEach, sizesBytes }: Constants, index: number): void {
    const start = this.#sizeBytes, end = start + sizesBytes[index];
    for (let at = start, word = index * wordsEach; at < end; at += 8, word++) {
      this.#view.setFloat64(at, words[word], true);
    }
    this.#sizeBytes = end;
  }

  /** Appends a part of `source`, however long it is: the buffer grows with it. */
  bytes(source: Uint8Array, start: number, end: number): void {
    let at = this.#sizeBytes;
    this.#extend(end - start);
    const bytes = this.#bytes;
    if (end - start > LONG_BYTES) bytes.set(source.subarray(start, end), at);
    else for (let i = start; i < end; i++) bytes[at++] = source[i];
  }

  /** Appends spaces, however many: the buffer grows with them. */
  spaces(count: number): void {
    const start = this.#sizeBytes;
    this.#extend(count);
    for (let at = 0; at < count; at += 8) this.#view.setFloat64(start + at, EIGHT_SPACES, true);
  }

  /** Makes the text longer by bytes that nobody has counted on. */
  #extend(countBytes: number): void {
    this.#sizeBytes += countBytes;
    const neededBytes = this.#sizeBytes + this.#groupBytes;
    if (neededBytes <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(neededBytes, 2 * this.#bytes.length));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
  }

  /** Appends 16 lower-case hexadecimal digits. */
  hex64(high: number, low: number): void {
    this.#hex32(high);
    this.#hex32(low);
  }

  #hex32(value: number): void {
    const start = this.#sizeBytes;
    this.#view.setUint16(start, HEX_BYTES[value >>> 24], true);
    this.#view.setUint16(start + 2, HEX_BYTES[(value >>> 16) & 0xff], true);
    this.#view.setUint16(start + 4, HEX_BYTES[(value >>> 8) & 0xff], true);
    this.#view.setUint16(start + 6, HEX_BYTES[value & 0xff], true);
    this.#sizeBytes = start + 8;
  }

  /** Appends an unsigned integer in decimal, right-aligned in at least `width` columns. */
  decimal(value: number, width = 0): void {
    this.#sizeBytes = putDecimal(this.#bytes, this.#sizeBytes, value, width);
  }

  /** Appends nanoseconds as µs with three decimals, `12.345`, right-aligned in at least `width` columns. */
  microseconds(ns: number, width: number): void {
    const whole = Math.floor(ns / 1000);
    this.decimal(whole, width - 4);
    const start = this.#sizeBytes;
    this.#view.setUint8(start, 0x2e);
    this.#view.setUint32(start + 1, THREE_DIGITS[ns - whole * 1000], true);
    this.#sizeBytes = start + 4;
  }

  /**
   * Appends an absolute CLOCK_MONOTONIC timestamp in ns, exact to the last digit and right-aligned.
   * @param sinceOriginNs an integer; negative when the event is older than the origin
   * @param width in at least so many characters, the same in every call
   */
  timestamp(sinceOriginNs: number, width: number): void {
    const sumNs = this.#originNs + sinceOriginNs;
    const carry = Math.floor(sumNs / NS_PER_SECOND);
    const ns = (sumNs - carry * NS_PER_SECOND) | 0; // as integers they are divided by multiplying
    const seconds = this.#originSeconds + carry;
    if (seconds === 0) return this.decimal(ns, width);
    if (seconds !== this.#seconds) {
      this.#seconds = seconds;
      this.#secondsText.sizeBytes = putDecimal(this.#secondsBytes, 0, seconds, width - 9);
    }
    this.constant(this.#secondsText);
    const millions = (ns / 1_000_000) | 0;
    const belowMillion = ns - millions * 1_000_000;
    const thousands = (belowMillion / 1000) | 0;
    const start = this.#sizeBytes;
    this.#view.setUint32(start, THREE_DIGITS[millions], true);
    this.#view.setUint32(start + 3, THREE_DIGITS[thousands], true);
    this.#view.setUint32(start + 6, THREE_DIGITS[belowMillion - thousands * 1000], true);
    this.#sizeBytes = start + 9;
  }
}
