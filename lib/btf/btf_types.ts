/** Reads the types of the values in a struct (Documentation/bpf/btf.rst of the kernel). */
import type { Btf } from "./btf.ts";
import { BtfKind } from "./btf_kind.ts";

/** An integer type. */
export interface BtfInt {
  readonly bits: number;
  /** Its first bit, in BTF of compilers that describe bit fields here; mostly 0. */
  readonly bitOffset: number;
  readonly isSigned: boolean;
  readonly isBool: boolean;
  readonly isChar: boolean;
}

/** Index of the first word that the kind adds to the three that all types have. */
const DATA = 3;

/** Decodes an INT. */
export function intOf(btf: Btf, id: number): BtfInt {
  const SIGNED = 1, CHAR = 2, BOOL = 4;
  const data = btf.word(id, DATA);
  const encoding = data >>> 24 & 0xf;
  return {
    bits: data & 0xff,
    bitOffset: data >>> 16 & 0xff,
    isSigned: (encoding & SIGNED) !== 0,
    isBool: (encoding & BOOL) !== 0,
    // clang never sets the bit, but only C's char has this name.
    isChar: (encoding & CHAR) !== 0 || btf.name(id) === "char",
  };
}

/** Decodes an ARRAY: the type of its elements, without modifiers, and their number. */
export function arrayOf(btf: Btf, id: number): { element: number; length: number } {
  return { element: btf.skipModifiers(btf.word(id, DATA)), length: btf.word(id, DATA + 2) };
}

/**
 * Reports whether an ENUM or ENUM64 is signed: its flag says so, or it comes from a compiler that sets no
 * flag (clang before 16) and has 32-bit values with the sign bit set.
 */
export function isSignedEnum(btf: Btf, id: number): boolean {
  return btf.word(id, 1) >>> 31 === 1 ||
    btf.enumerators(id).some(({ value }) => value >= 2 ** 31 && value < 2 ** 32);
}

/** Reports whether a type is a STRUCT or UNION. */
export function isStruct(btf: Btf, id: number): boolean {
  const kind = btf.kind(id);
  return kind === BtfKind.STRUCT || kind === BtfKind.UNION;
}

const POINTER_BYTES = 8;

/** An array with more dimensions has no size here. */
const MAX_DIMENSIONS = 16;

/** Returns the size of a value in bytes; NaN for a type that has no values. */
export function sizeOf(btf: Btf, id: number): number {
  let type = id, count = 1;
  for (let depth = 0; btf.kind(type) === BtfKind.ARRAY; depth++) {
    if (depth === MAX_DIMENSIONS) return NaN;
    const { element, length } = arrayOf(btf, type);
    count *= length;
    type = element;
  }
  switch (btf.kind(type)) {
    case BtfKind.PTR:
      return count * POINTER_BYTES;
    case BtfKind.INT:
    case BtfKind.ENUM:
    case BtfKind.ENUM64:
    case BtfKind.STRUCT:
    case BtfKind.UNION:
      return count * btf.size(type);
    default:
      return NaN;
  }
}
