/** What shows one value of an event's data. */
import type { BtfEnumerator } from "../btf/btf.ts";
import type { ByteBuilder } from "../base/byte_builder.ts";
import { asInteger, type Integer, type ReadInteger } from "./integer_reader.ts";

/** Appends the text of a value of the event whose data begins at `at`. */
export type Printer = (data: DataView, at: number) => void;

/** The name of a kernel address, where it has one. */
export type SymbolName = (address: bigint) => string | undefined;

/** Where the texts go. */
export interface Target {
  readonly out: ByteBuilder;
  readonly isJson: boolean;
}

const encoder = new TextEncoder();

const HEX_PREFIX = encoder.encode("0x");

/** A text as it stands in the output: in JSON a string, otherwise itself. */
export function encoded(text: string, isJson: boolean): Uint8Array {
  return encoder.encode(isJson ? JSON.stringify(text) : text);
}

/** `-1`; in JSON a string from 2^53 on. */
export function decimalPrinter(read: ReadInteger, { out, isJson }: Target): Printer {
  return (data, at) => {
    const value = read(data, at);
    if (typeof value === "number") out.appendDecimal(value);
    else out.appendAscii(isJson ? `"${value}"` : String(value));
  };
}

/** `0xa80`; in JSON a number like any other. */
export function hexPrinter(readUnsigned: ReadInteger, { out }: Target): Printer {
  return (data, at) => {
    const value = readUnsigned(data, at);
    out.append(HEX_PREFIX);
    if (value < 2 ** 32) out.appendHex(Number(value), 1);
    else out.appendAscii(value.toString(16));
  };
}

/** `0xffff888003c1d200`, all sixteen digits as packets have them; of the eight bytes from `offset` on. */
export function pointerPrinter(offset: number, { out, isJson }: Target): Printer {
  const [prefix, end] = isJson ? ['"0x', '"'] : ["0x", ""];
  return (data, at) => {
    out.appendAscii(prefix);
    out.appendHex(data.getUint32(at + offset + 4, true), 8);
    out.appendHex(data.getUint32(at + offset, true), 8);
    out.appendAscii(end);
  };
}

/** `false` for 0. */
export function booleanPrinter(read: ReadInteger, { out }: Target): Printer {
  return (data, at) => out.appendAscii(read(data, at) ? "true" : "false");
}

/** `tcp_v4_rcv+0x12`, or an address that is none of a symbol as a pointer. */
export function symbolPrinter(
  readUnsigned: ReadInteger,
  nameOf: SymbolName,
  { out, isJson }: Target,
): Printer {
  const text = cached((address) =>
    encoded(nameOf(BigInt(address)) ?? pointerText(address), isJson)
  );
  return (data, at) => out.append(text(readUnsigned(data, at)));
}

/** The integers that an enumeration is compared with. */
export interface EnumField {
  readonly read: ReadInteger;
  readonly bits: number;
  readonly isSigned: boolean;
}

/** The name of a value, or what `other` shows for one that has no name. */
export function enumPrinter(
  { read, bits, isSigned }: EnumField,
  enumerators: readonly BtfEnumerator[],
  other: Printer,
  { out, isJson }: Target,
): Printer {
  const names = new Map<Integer, Uint8Array>();
  for (const { name, value } of enumerators) {
    const known = fitting(value, bits, isSigned);
    if (known !== undefined && !names.has(known)) names.set(known, encoded(name, isJson));
  }
  return (data, at) => {
    const name = names.get(read(data, at));
    if (name === undefined) other(data, at);
    else out.append(name);
  };
}

/**
 * The names of all set bits, `SYN|ACK|0x100`, in JSON `["SYN","ACK","0x100"]`. For none of them the name
 * that 0 has, or 0; in JSON an empty list.
 */
export function flagsPrinter(
  { read, bits }: EnumField,
  enumerators: readonly BtfEnumerator[],
  { out, isJson }: Target,
): Printer {
  const known = enumerators.flatMap(({ name, value }) => {
    const mask = fitting(value, bits, false);
    return mask === undefined ? [] : [{ name, mask: BigInt(mask) }];
  });
  const text = cached((value) => {
    const names: string[] = [];
    let rest = BigInt(value);
    for (const { name, mask } of known) {
      // Of names for several bits, those that say something new.
      const isSet = mask !== 0n && (BigInt(value) & mask) === mask;
      if (!isSet || (rest & mask) === 0n) continue;
      names.push(name);
      rest &= ~mask;
    }
    if (rest !== 0n) names.push(`0x${rest.toString(16)}`);
    if (isJson) return encoder.encode(JSON.stringify(names));
    const zero = known.find(({ mask }) => mask === 0n)?.name ?? "0";
    return encoder.encode(names.join("|") || zero);
  });
  return (data, at) => out.append(text(read(data, at)));
}

/** An array of characters, as far as the first NUL; control characters as `\x1b`. */
export function charsPrinter(offset: number, count: number, { out, isJson }: Target): Printer {
  return (data, at) => {
    const bytes = new Uint8Array(data.buffer, data.byteOffset + at + offset, count);
    let end = bytes.indexOf(0);
    if (end < 0) end = count;
    if (isJson) out.appendJson(bytes, 0, end);
    else out.appendPrintable(bytes, 0, end);
  };
}

/** An enumerator's value as it is read from so many bits; undefined when it does not fit into them. */
function fitting(value: number | bigint, bits: number, isSigned: boolean): Integer | undefined {
  const unsigned = BigInt(value);
  // In the BTF of old compilers (clang before 16) -1 is 0xffffffff.
  const signed = unsigned < 2n ** 32n ? BigInt.asIntN(32, unsigned) : unsigned;
  const isThere = BigInt.asUintN(bits, unsigned) === unsigned ||
    BigInt.asIntN(bits, signed) === signed;
  return isThere ? asInteger(isSigned ? signed : unsigned, bits, isSigned) : undefined;
}

function pointerText(address: Integer): string {
  return `0x${address.toString(16).padStart(16, "0")}`;
}

/** Values whose texts are kept; events have few different ones, unless something is wrong. */
const MAX_CACHED = 4096;

/** `text`, which remembers what it returned. */
function cached(text: (value: Integer) => Uint8Array): (value: Integer) => Uint8Array {
  const known = new Map<Integer, Uint8Array>();
  return (value) => {
    const found = known.get(value);
    if (found !== undefined) return found;
    if (known.size === MAX_CACHED) known.clear();
    const made = text(value);
    known.set(value, made);
    return made;
  };
}
