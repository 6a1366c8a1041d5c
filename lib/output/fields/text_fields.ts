import { printable, printableBytes } from "../../base/printable.ts";
import type { Encoded, FieldWriter } from "../../event/fields.ts";
import { appendIpv4, appendIpv6, appendMac } from "./address_text.ts";
import { ByteFields, nonFinite } from "./byte_fields.ts";

const encoder = new TextEncoder();

const OPENING = encoder.encode(" ("), CLOSING = encoder.encode(" )");
const BEFORE_NAME = encoder.encode(" "), AFTER_NAME = encoder.encode(": ");
const HEX_PREFIX = encoder.encode("0x");

/**
 * Writes fields as the end of a table's line: ` ( len: 84 peer: { port: 80 } )`, with the space that
 * comes first; nothing for an event without fields.
 */
export class TextFields extends ByteFields implements FieldWriter {
  readonly reservedNames: ReadonlySet<string> = new Set();
  /** Whether the current event has a field. */
  #isOpen = false;
  /** Whether the next element is the first of its list. */
  #isFirst = false;
  readonly #isForTerminal: boolean;

  /** @param isForTerminal whether control characters are escaped; a file gets the bytes as they are */
  constructor(isForTerminal = false) {
    super();
    this.#isForTerminal = isForTerminal;
  }

  encodeName(name: Uint8Array): Encoded {
    const shown = this.#isForTerminal ? encoder.encode(printableBytes(name)) : name;
    return Uint8Array.of(...BEFORE_NAME, ...shown, ...AFTER_NAME);
  }

  encodeText(text: string): Encoded {
    return encoder.encode(this.#isForTerminal ? printable(text) : text);
  }

  /** `SYN|ACK` */
  encodeSet(names: readonly string[], zero: string): Encoded {
    return this.encodeText(names.join("|") || zero);
  }

  field(name: Encoded): void {
    if (!this.#isOpen) {
      this.#isOpen = true;
      this.out.append(OPENING);
    }
    this.out.append(name);
  }

  text(bytes: Uint8Array, start: number, end: number): void {
    if (this.#isForTerminal) this.out.appendPrintable(bytes, start, end);
    else this.out.append(bytes, start, end);
  }

  characters(bytes: Uint8Array, start: number, end: number): void {
    this.out.appendPrintable(bytes, start, end);
  }

  integer(value: number | bigint): void {
    if (typeof value === "number") this.out.appendInteger(value);
    else this.out.appendAscii(String(value));
  }

  hexadecimal(value: number | bigint, bits: number): void {
    const unsigned = value < 0 ? BigInt.asUintN(bits, BigInt(value)) : value;
    this.out.append(HEX_PREFIX);
    if (unsigned < 2 ** 32) this.out.appendHex(Number(unsigned), 1);
    else this.out.appendAscii(unsigned.toString(16));
  }

  number(value: number): void {
    if (Number.isSafeInteger(value)) this.out.appendInteger(value);
    else this.out.appendAscii(Number.isFinite(value) ? String(value) : nonFinite(value));
  }

  /** All sixteen digits, as packets have them. */
  pointer(high: number, low: number): void {
    this.out.append(HEX_PREFIX);
    this.out.appendHex(high, 8);
    this.out.appendHex(low, 8);
  }

  ipv4(data: DataView, at: number): void {
    appendIpv4(this.out, data, at);
  }

  ipv6(data: DataView, at: number): void {
    appendIpv6(this.out, data, at);
  }

  mac(data: DataView, at: number): void {
    appendMac(this.out, data, at);
  }

  beginStruct(): void {
    this.out.appendAscii("{");
  }

  endStruct(): void {
    this.out.appendAscii(" }");
  }

  beginList(): void {
    this.#isFirst = true;
    this.out.appendAscii("[");
  }

  element(): void {
    if (!this.#isFirst) this.out.appendAscii(", ");
    this.#isFirst = false;
  }

  endList(): void {
    this.#isFirst = false;
    this.out.appendAscii("]");
  }

  /** An empty text leaves no space at the end of a line. It may have lines of its own. */
  dump(bytes: Uint8Array, start: number, end: number): void {
    if (start === end) return;
    this.out.append(BEFORE_NAME);
    if (this.#isForTerminal) this.out.appendPrintableLines(bytes, start, end);
    else this.out.append(bytes, start, end);
  }

  failure(name: string, message: Uint8Array, start: number, end: number): void {
    this.out.appendAscii(` (${name} failed: `);
    this.text(message, start, end);
    this.out.appendAscii(")");
  }

  override endEvent(): void {
    if (this.#isOpen) {
      this.#isOpen = false;
      this.out.append(CLOSING);
    }
    super.endEvent();
  }
}
