import { putDecimal } from "./put_decimal.ts";

/** Digits of 2^53. */
const MAX_DECIMAL_BYTES = 16;

/** Printable ASCII that a JSON string takes as it is. */
const IS_PLAIN = Uint8Array.from(
  { length: 256 },
  (_, byte) => byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c ? 1 : 0,
);

const HEX_DIGITS = Uint8Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));

const IS_PRINTABLE = IS_PLAIN.with(0x22, 1).with(0x5c, 1);

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true });

/** The bytes as UTF-8 or else as single bytes, without control characters (C0, DEL, C1). */
function printable(bytes: Uint8Array): string {
  // deno-lint-ignore no-control-regex
  const control = /[\x00-\x1f\x7f-\x9f]/g;
  const escape = (code: number) => `\\x${code.toString(16).padStart(2, "0")}`;
  try {
    return strictDecoder.decode(bytes).replaceAll(control, (char) => escape(char.charCodeAt(0)));
  } catch {
    return Array.from(
      bytes,
      (byte) => IS_PRINTABLE[byte] ? String.fromCharCode(byte) : escape(byte),
    )
      .join("");
  }
}

/** Text under construction, as bytes; its memory is used again after `clear`. */
export class ByteBuilder {
  #bytes = new Uint8Array(64 * 1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What was appended since `clear`; valid until then. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  /** Appends `source[start]` to `source[end - 1]`. */
  append(source: Uint8Array, start = 0, end = source.length): void {
    this.#makeRoom(end - start);
    const bytes = this.#bytes;
    let at = this.#length;
    // Most are short: a loop is quicker than a view of each and set().
    for (let i = start; i < end; i++) bytes[at++] = source[i];
    this.#length = at;
  }

  appendByte(byte: number): void {
    this.#makeRoom(1);
    this.#bytes[this.#length++] = byte;
  }

  /** Appends an integer up to 2^53. */
  appendDecimal(value: number): void {
    if (value < 0) {
      this.appendByte(0x2d);
      value = -value;
    }
    this.#makeRoom(MAX_DECIMAL_BYTES);
    this.#length = putDecimal(this.#bytes, this.#length, value, 0);
  }

  /** Appends an unsigned 32-bit integer in at least so many hexadecimal digits. */
  appendHex(value: number, minDigits: number): void {
    const MAX_DIGITS = 8;
    this.#makeRoom(MAX_DIGITS);
    const digits = Math.max(minDigits, MAX_DIGITS - (Math.clz32(value) >>> 2));
    for (let shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
      this.#bytes[this.#length++] = HEX_DIGITS[value >>> shift & 0xf];
    }
  }

  /** Appends ASCII. */
  appendAscii(text: string): void {
    this.#makeRoom(text.length);
    for (let i = 0; i < text.length; i++) this.#bytes[this.#length++] = text.charCodeAt(i);
  }

  /**
   * Appends what `source` holds in UTF-8, fit for a terminal: control characters, and what is no UTF-8,
   * as `\\x1b`.
   */
  appendPrintable(source: Uint8Array, start: number, end: number): void {
    for (let i = start; i < end; i++) {
      if (IS_PRINTABLE[source[i]] === 1) continue;
      return this.append(encoder.encode(printable(source.subarray(start, end))));
    }
    this.append(source, start, end);
  }

  /** Appends a JSON string of what `source` holds in UTF-8; what is no UTF-8 becomes U+FFFD. */
  appendJson(source: Uint8Array, start: number, end: number): void {
    for (let i = start; i < end; i++) {
      if (IS_PLAIN[source[i]] === 1) continue;
      const text = JSON.stringify(decoder.decode(source.subarray(start, end)));
      return this.append(encoder.encode(text));
    }
    this.#makeRoom(end - start + 2);
    this.#bytes[this.#length++] = 0x22;
    this.append(source, start, end);
    this.#bytes[this.#length++] = 0x22;
  }

  #makeRoom(sizeBytes: number): void {
    const needed = this.#length + sizeBytes;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
