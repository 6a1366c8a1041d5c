/** What only event structs need to know of types (Documentation/bpf/btf.rst of the kernel). */
import type { Btf } from "./btf.ts";
import { BtfKind } from "./btf_kind.ts";

/** An INT. */
export interface BtfInt {
  readonly bits: number;
  /** Where its bits begin, in BTF of compilers that put bit fields there; mostly 0. */
  readonly bitOffset: number;
  readonly isSigned: boolean;
  readonly isBool: boolean;
  readonly isChar: boolean;
}

/** Words of a type that follow the three that all have. */
const DATA = 3;

export function intOf(btf: Btf, id: number): BtfInt {
  const SIGNED = 1, CHAR = 2, BOOL = 4;
  const data = btf.word(id, DATA);
  const encoding = data >>> 24 & 0xf;
  return {
    bits: data & 0xff,
    bitOffset: data >>> 16 & 0xff,
    isSigned: (encoding & SIGNED) !== 0,
    isBool: (encoding & BOOL) !== 0,
    // Clang never says so, but only C's char has this name.
    isChar: (encoding & CHAR) !== 0 || btf.name(id) === "char",
  };
}

/** The type of the elements and their number. */
export function arrayOf(btf: Btf, id: number): { element: number; length: number } {
  return { element: btf.skipModifiers(btf.word(id, DATA)), length: btf.word(id, DATA + 2) };
}

/**
 * Whether an ENUM or ENUM64 has negative values: it says so itself, or its compiler was older than that
 * (clang before 16) and it has values that look like it.
 */
export function isSignedEnum(btf: Btf, id: number): boolean {
  return btf.word(id, 1) >>> 31 === 1 ||
    btf.enumerators(id).some(({ value }) => value >= 2 ** 31 && value < 2 ** 32);
}

export function isStruct(btf: Btf, id: number): boolean {
  const kind = btf.kind(id);
  return kind === BtfKind.STRUCT || kind === BtfKind.UNION;
}

const POINTER_BYTES = 8;

/** How many dimensions of an array are followed. */
const MAX_DIMENSIONS = 16;

/** Size of a value in bytes; `NaN` of what has none. */
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
