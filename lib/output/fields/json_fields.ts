import { ByteBuilder } from "../../base/byte_builder.ts";
import { jsonString } from "../../base/printable.ts";
import { type Encoded, type FieldWriter, RESERVED_NAMES } from "../../event/fields.ts";
import { appendIpv4, appendIpv6, appendMac } from "./address_text.ts";
import { ByteFields, nonFinite } from "./byte_fields.ts";

const encoder = new TextEncoder();

const COMMA = encoder.encode(","), COLON = encoder.encode(":"), QUOTE = 0x22;
const DUMP = encoder.encode(',"dump":');

/** Writes fields as further members of an event's JSON object: `,"len":84,"peer":{"port":80}`. */
export class JsonFields extends ByteFields implements FieldWriter {
  readonly reservedNames = RESERVED_NAMES;
  /** Whether what comes next is the first of a struct or list. */
  #isFirst = false;

  /** With the comma that comes before it. */
  encodeName(name: Uint8Array): Encoded {
    const key = new ByteBuilder(undefined, name.length + 2);
    key.append(COMMA);
    key.appendJson(name, 0, name.length);
    key.append(COLON);
    return key.bytes.slice();
  }

  encodeText(text: string): Encoded {
    return encoder.encode(jsonString(text));
  }

  /** `["SYN","ACK"]`; the empty set is an empty array. */
  encodeSet(names: readonly string[]): Encoded {
    return encoder.encode(`[${names.map(jsonString).join(",")}]`);
  }

  field(name: Encoded): void {
    this.out.append(name, this.#isFirst ? COMMA.length : 0);
    this.#isFirst = false;
  }

  text(bytes: Uint8Array, start: number, end: number): void {
    this.out.appendJson(bytes, start, end);
  }

  characters(bytes: Uint8Array, start: number, end: number): void {
    this.out.appendJson(bytes, start, end);
  }

  /** From 2^53 on a string, because most readers of JSON have doubles only. */
  integer(value: number | bigint): void {
    if (typeof value === "number") this.out.appendInteger(value);
    else this.out.appendAscii(`"${value}"`);
  }

  /** JSON has decimal numbers only. */
  hexadecimal(value: number | bigint): void {
    this.integer(value);
  }

  number(value: number): void {
    if (Number.isSafeInteger(value)) this.out.appendInteger(value);
    else this.out.appendAscii(Number.isFinite(value) ? String(value) : `"${nonFinite(value)}"`);
  }

  /** All sixteen digits, as packets have them. */
  pointer(high: number, low: number): void {
    this.out.appendAscii('"0x');
    this.out.appendHex(high, 8);
    this.out.appendHex(low, 8);
    this.out.appendByte(QUOTE);
  }

  ipv4(data: DataView, at: number): void {
    this.out.appendByte(QUOTE);
    appendIpv4(this.out, data, at);
    this.out.appendByte(QUOTE);
  }

  ipv6(data: DataView, at: number): void {
    this.out.appendByte(QUOTE);
    appendIpv6(this.out, data, at);
    this.out.appendByte(QUOTE);
  }

  mac(data: DataView, at: number): void {
    this.out.appendByte(QUOTE);
    appendMac(this.out, data, at);
    this.out.appendByte(QUOTE);
  }

  beginStruct(): void {
    this.#isFirst = true;
    this.out.appendAscii("{");
  }

  endStruct(): void {
    this.#isFirst = false;
    this.out.appendAscii("}");
  }

  beginList(): void {
    this.#isFirst = true;
    this.out.appendAscii("[");
  }

  element(): void {
    if (!this.#isFirst) this.out.appendAscii(",");
    this.#isFirst = false;
  }

  endList(): void {
    this.#isFirst = false;
    this.out.appendAscii("]");
  }

  dump(bytes: Uint8Array, start: number, end: number): void {
    this.out.append(DUMP);
    this.out.appendJson(bytes, start, end);
  }

  failure(name: string, message: Uint8Array, start: number, end: number): void {
    this.out.appendAscii(`,"${name}_error":`);
    this.out.appendJson(message, start, end);
  }
}
