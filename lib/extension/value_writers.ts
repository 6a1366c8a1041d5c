/** Functions that read one value of an event and hand it to a `FieldWriter`. */
import type { BtfEnumerator } from "../btf/btf.ts";
import type { Encoded, FieldWriter } from "../event/fields.ts";
import type { Integer } from "../base/integer.ts";
import { asInteger, type ReadInteger } from "./integer_reader.ts";

/** Reads a value of the event whose data begins at `at`, and writes it. */
export type WriteValue = (data: DataView, at: number) => void;

/** The name of a kernel address, where it has one. */
export type SymbolName = (address: bigint) => string | undefined;

export function integerWriter(read: ReadInteger, writer: FieldWriter): WriteValue {
  return (data, at) => writer.integer(read(data, at));
}

/** @param bits the width of what `read` reads */
export function hexadecimalWriter(
  read: ReadInteger,
  bits: number,
  writer: FieldWriter,
): WriteValue {
  return (data, at) => writer.hexadecimal(read(data, at), bits);
}

/** Writes the eight bytes from `offset` on. */
export function pointerWriter(offset: number, writer: FieldWriter): WriteValue {
  return (data, at) =>
    writer.pointer(data.getUint32(at + offset + 4, true), data.getUint32(at + offset, true));
}

/** Writes `false` for 0. */
export function booleanWriter(read: ReadInteger, writer: FieldWriter): WriteValue {
  return (data, at) => writer.boolean(Boolean(read(data, at)));
}

/** Sizes of network addresses in bytes. */
export const ADDRESS_BYTES = { ipv4: 4, ipv6: 16, mac: 6 } as const;

export function addressWriter(
  format: keyof typeof ADDRESS_BYTES,
  offset: number,
  writer: FieldWriter,
): WriteValue {
  switch (format) {
    case "ipv4":
      return (data, at) => writer.ipv4(data, at + offset);
    case "ipv6":
      return (data, at) => writer.ipv6(data, at + offset);
    case "mac":
      return (data, at) => writer.mac(data, at + offset);
  }
}

/** Writes `tcp_v4_rcv+0x12`; an address without a symbol is written with all its digits. */
export function symbolWriter(
  readUnsigned: ReadInteger,
  nameOf: SymbolName,
  writer: FieldWriter,
): WriteValue {
  const text = cached((address) =>
    writer.encodeText(nameOf(BigInt(address)) ?? pointerText(address))
  );
  return (data, at) => writer.constant(text(readUnsigned(data, at)));
}

/** The integers that an enumeration is compared with. */
export interface EnumField {
  readonly read: ReadInteger;
  readonly bits: number;
  readonly isSigned: boolean;
}

/** Writes the name of a value. `other` writes those that have none. */
export function enumWriter(
  { read, bits, isSigned }: EnumField,
  enumerators: readonly BtfEnumerator[],
  other: WriteValue,
  writer: FieldWriter,
): WriteValue {
  const names = new Map<Integer, Encoded>();
  for (const { name, value } of enumerators) {
    const known = fitting(value, bits, isSigned);
    if (known !== undefined && !names.has(known)) names.set(known, writer.encodeText(name));
  }
  return (data, at) => {
    const name = names.get(read(data, at));
    if (name === undefined) other(data, at);
    else writer.constant(name);
  };
}

/**
 * Writes the names of all bits that are set, and those without a name as one number: SYN, ACK, 0x100.
 * With no bit set, it is the name that 0 has, or else `0`.
 */
export function flagsWriter(
  { read, bits }: EnumField,
  enumerators: readonly BtfEnumerator[],
  writer: FieldWriter,
): WriteValue {
  const known = enumerators.flatMap(({ name, value }) => {
    const mask = fitting(value, bits, false);
    return mask === undefined ? [] : [{ name, mask: BigInt(mask) }];
  });
  const zero = known.find(({ mask }) => mask === 0n)?.name ?? "0";
  const set = cached((value) => {
    const names: string[] = [];
    let rest = BigInt(value);
    for (const { name, mask } of known) {
      // A name for several bits counts only if it adds a bit that is not named yet.
      const isSet = mask !== 0n && (BigInt(value) & mask) === mask;
      if (!isSet || (rest & mask) === 0n) continue;
      names.push(name);
      rest &= ~mask;
    }
    if (rest !== 0n) names.push(`0x${rest.toString(16)}`);
    return writer.encodeSet(names, zero);
  });
  return (data, at) => writer.constant(set(read(data, at)));
}

/** Writes an array of characters up to its first NUL. */
export function charactersWriter(offset: number, count: number, writer: FieldWriter): WriteValue {
  return (data, at) => {
    const bytes = new Uint8Array(data.buffer, data.byteOffset + at + offset, count);
    const end = bytes.indexOf(0);
    writer.characters(bytes, 0, end < 0 ? count : end);
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

/** How many encoded values are kept. Events have few different ones, unless something is wrong. */
const MAX_CACHED = 4096;

/** `encode`, with a memory of what it has returned. */
function cached(encode: (value: Integer) => Encoded): (value: Integer) => Encoded {
  const known = new Map<Integer, Encoded>();
  return (value) => {
    const found = known.get(value);
    if (found !== undefined) return found;
    if (known.size === MAX_CACHED) known.clear();
    const made = encode(value);
    known.set(value, made);
    return made;
  };
}
