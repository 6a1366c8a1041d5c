import { type Constant, constant, type Constants } from "./constant.ts";
import { asciiWord } from "./ascii_word.ts";
import {
  IS_PLAIN,
  IS_PRINTABLE,
  jsonString,
  printableBytes,
  printableLineBytes,
} from "./printable.ts";
import { putDecimal } from "./put_decimal.ts";

/** From this size on, a view of the bytes and `set` are quicker than a loop. */
const LONG_BYTES = 64;

/** Eight ASCII characters as a number of the same bytes. */
function asciiDouble(text: string): number {
  return constant(text).words[0];
}

const EIGHT_SPACES = asciiDouble(" ".repeat(8));

/** `00` to `ff`. */
const HEX_BYTES = Uint16Array.from(
  { length: 256 },
  (_, value) => asciiWord(value.toString(16).padStart(2, "0")),
);

const SPACE = 0x20, ZERO = 0x30;

const HEX_DIGITS = Uint8Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Text under construction, as bytes. No string, BigInt or object is made on the way, because millions of
 * lines a second pass through.
 *
 * It always has room for a number of bytes, so the methods that append a value of limited length do not
 * check for it. Those that append any number of bytes make room again: `append`, `appendSpaces`,
 * `appendAscii`, `appendPrintable`, `appendPrintableLines` and `appendJson`.
 */
export class ByteBuilder {
  readonly #roomBytes: number;
  #bytes: Uint8Array<ArrayBuffer>;
  /** Of the same memory. */
  protected view: DataView<ArrayBuffer>;
  /** How long the text is. */
  protected size = 0;
  // The upper half of addresses seldom changes: its text stays from one address to the next.
  #high = 0;
  #highText = asciiDouble("00000000");

  /**
   * @param roomBytes the most that is appended between two calls of methods that make room
   * @param capacityBytes the text that it is made for; a longer one makes it grow
   */
  constructor(roomBytes = 256, capacityBytes = 64 * 1024) {
    // The last word of a constant may reach seven bytes past its text.
    this.#roomBytes = roomBytes + 7;
    this.#bytes = new Uint8Array(capacityBytes + this.#roomBytes);
    this.view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.size;
  }

  /** What was appended since `clear`; valid until something else is appended. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.size);
  }

  clear(): void {
    this.size = 0;
  }

  /** Appends `source[start]` to `source[end - 1]`. */
  append(source: Uint8Array, start = 0, end = source.length): void {
    let at = this.#extend(end - start);
    const bytes = this.#bytes;
    if (end - start > LONG_BYTES) bytes.set(source.subarray(start, end), at);
    else for (let i = start; i < end; i++) bytes[at++] = source[i];
  }

  appendSpaces(count: number): void {
    const start = this.#extend(count);
    for (let at = 0; at < count; at += 8) this.view.setFloat64(start + at, EIGHT_SPACES, true);
  }

  /** Appends ASCII. */
  appendAscii(text: string): void {
    const start = this.#extend(text.length);
    for (let i = 0; i < text.length; i++) this.#bytes[start + i] = text.charCodeAt(i);
  }

  /**
   * Appends what `source` holds in UTF-8, fit for a terminal: control characters, and what is no UTF-8,
   * as `\\x1b`.
   */
  appendPrintable(source: Uint8Array, start: number, end: number): void {
    for (let i = start; i < end; i++) {
      if (IS_PRINTABLE[source[i]] === 1) continue;
      return this.append(encoder.encode(printableBytes(source.subarray(start, end))));
    }
    this.append(source, start, end);
  }

  /** Appends text as `appendPrintable` does, but keeps tabs and newlines. */
  appendPrintableLines(source: Uint8Array, start: number, end: number): void {
    this.append(printableLineBytes(source.subarray(start, end)));
  }

  /** Appends a JSON string of what `source` holds in UTF-8; what is no UTF-8 becomes U+FFFD. */
  appendJson(source: Uint8Array, start: number, end: number): void {
    for (let i = start; i < end; i++) {
      if (IS_PLAIN[source[i]] === 1) continue;
      const text = jsonString(decoder.decode(source.subarray(start, end)));
      return this.append(encoder.encode(text));
    }
    const QUOTE = 0x22;
    this.appendByte(QUOTE);
    this.append(source, start, end);
    this.appendByte(QUOTE);
  }

  /** Appends a text that `constant` encoded. */
  appendConstant({ words, sizeBytes }: Constant): void {
    const start = this.size;
    for (let i = 0; i < words.length; i++) this.view.setFloat64(start + i * 8, words[i], true);
    this.size = start + sizeBytes;
  }

  /** Appends one of the texts that `constants` encoded. */
  appendConstantOf({ words, wordsEach, sizesBytes }: Constants, index: number): void {
    const start = this.size, end = start + sizesBytes[index];
    for (let at = start, word = index * wordsEach; at < end; at += 8, word++) {
      this.view.setFloat64(at, words[word], true);
    }
    this.size = end;
  }

  appendByte(byte: number): void {
    this.#bytes[this.size++] = byte;
  }

  /** Appends an integer from 0 to 2^53 in decimal, right-aligned in at least `width` columns. */
  appendDecimal(value: number, width = 0): void {
    if (value >= 10) {
      this.size = putDecimal(this.#bytes, this.size, value, width);
      return;
    }
    // The numbers of most CPUs.
    for (; width > 1; width--) this.appendByte(SPACE);
    this.appendByte(ZERO + value);
  }

  /** Appends an integer of up to 53 bits and a sign in decimal. */
  appendInteger(value: number): void {
    const MINUS = 0x2d;
    if (value < 0) this.appendByte(MINUS);
    this.appendDecimal(Math.abs(value));
  }

  /** Appends an unsigned 32-bit integer in at least so many hexadecimal digits. */
  appendHex(value: number, minDigits: number): void {
    const digits = Math.max(minDigits, 8 - (Math.clz32(value) >>> 2));
    for (let shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
      this.#bytes[this.size++] = HEX_DIGITS[value >>> shift & 0xf];
    }
  }

  /** Appends 16 hexadecimal digits. */
  appendHex64(high: number, low: number): void {
    if (high !== this.#high) this.#setHigh(high);
    this.view.setFloat64(this.size, this.#highText, true);
    this.size += 8;
    this.#appendHex32(low);
  }

  #setHigh(high: number): void {
    this.#high = high;
    this.#highText = asciiDouble(high.toString(16).padStart(8, "0"));
  }

  #appendHex32(value: number): void {
    const start = this.size;
    this.view.setUint16(start, HEX_BYTES[value >>> 24], true);
    this.view.setUint16(start + 2, HEX_BYTES[(value >>> 16) & 0xff], true);
    this.view.setUint16(start + 4, HEX_BYTES[(value >>> 8) & 0xff], true);
    this.view.setUint16(start + 6, HEX_BYTES[value & 0xff], true);
    this.size = start + 8;
  }

  /** Makes the text longer, with room for more behind it; returns where it ended before. */
  #extend(countBytes: number): number {
    const start = this.size;
    this.size = start + countBytes;
    const neededBytes = this.size + this.#roomBytes;
    if (neededBytes <= this.#bytes.length) return start;
    const larger = new Uint8Array(Math.max(neededBytes, 2 * this.#bytes.length));
    larger.set(this.#bytes.subarray(0, start));
    this.#bytes = larger;
    this.view = new DataView(larger.buffer);
    return start;
  }
}
