import type { Btf } from "../btf/btf.ts";
import { BtfKind } from "../btf/btf_kind.ts";
import { intOf, isSignedEnum } from "../btf/btf_types.ts";
import { integerReader, type ReadInteger } from "./integer_reader.ts";
import type { MemberFormat } from "./member_format.ts";
import {
  booleanPrinter,
  charsPrinter,
  decimalPrinter,
  enumPrinter,
  flagsPrinter,
  hexPrinter,
  pointerPrinter,
  type Printer,
  type SymbolName,
  symbolPrinter,
  type Target,
} from "./value_printers.ts";

/** An integer, character, truth value, enum or pointer of the event struct. */
export interface Scalar {
  readonly kind: "integer" | "boolean" | "character" | "enum" | "pointer";
  /** Its type, without modifiers. */
  readonly id: number;
  /** From the beginning of the data. */
  readonly bitOffset: number;
  readonly bits: number;
  readonly isSigned: boolean;
}

/**
 * What prints a scalar, which lies within the data, as its type or its format says.
 * @returns a text in place of it that says why the format does not fit
 */
export function scalarPrinter(
  btf: Btf,
  scalar: Scalar,
  format: MemberFormat,
  target: Target,
  symbolName: SymbolName,
): Printer | string {
  const { kind, bitOffset, bits } = scalar;
  if (format.isBigEndian && (bitOffset | bits) % 8 !== 0) return "which is not for a bit field";
  const reader = (isSigned: boolean) =>
    integerReader({ bitOffset, bits, isSigned, isBigEndian: format.isBigEndian });
  const read = reader(scalar.isSigned), readUnsigned = reader(false);
  const decimal = decimalPrinter(read, target);
  switch (format.name) {
    case undefined:
      return defaultPrinter(btf, scalar, read, decimal, target);
    case "dec":
      return decimal;
    case "hex":
      if (kind === "pointer") return pointerPrinter(bitOffset / 8, target);
      // JSON has numbers of one kind only.
      return target.isJson ? decimal : hexPrinter(readUnsigned, target);
    case "enum": {
      if (kind === "pointer") return "which is not for a pointer";
      const field = { read, bits, isSigned: scalar.isSigned };
      return enumPrinter(field, btf.enumerators(format.enumId!), decimal, target);
    }
    case "enum_flags": {
      if (kind === "pointer") return "which is not for a pointer";
      const field = { read: readUnsigned, bits, isSigned: false };
      return flagsPrinter(field, btf.enumerators(format.enumId!), target);
    }
    case "symbol":
      if (bits !== 64) return "which is for the 8 bytes of an address";
      return symbolPrinter(readUnsigned, symbolName, target);
    default:
      return "which is for the bytes of a whole address";
  }
}

function defaultPrinter(
  btf: Btf,
  { kind, id, bitOffset, bits, isSigned }: Scalar,
  read: ReadInteger,
  decimal: Printer,
  target: Target,
): Printer {
  switch (kind) {
    case "boolean":
      return booleanPrinter(read, target);
    case "character":
      return charsPrinter(bitOffset / 8, 1, target);
    case "enum":
      return enumPrinter({ read, bits, isSigned }, btf.enumerators(id), decimal, target);
    case "pointer":
      return pointerPrinter(bitOffset / 8, target);
    case "integer":
      return decimal;
  }
}

/**
 * The scalar of a type at a place; undefined for a type that is none.
 * @param bitSize width of a bit field, 0 for any other value
 */
export function scalarOf(
  btf: Btf,
  id: number,
  bitOffset: number,
  bitSize: number,
): Scalar | undefined {
  switch (btf.kind(id)) {
    case BtfKind.INT: {
      const int = intOf(btf, id);
      const bits = bitSize || int.bits;
      const isWhole = bits === 8 && bitOffset % 8 === 0;
      const kind = int.isBool ? "boolean" : int.isChar && isWhole ? "character" : "integer";
      return { kind, id, bitOffset: bitOffset + int.bitOffset, bits, isSigned: int.isSigned };
    }
    case BtfKind.ENUM:
    case BtfKind.ENUM64: {
      const bits = bitSize || btf.size(id) * 8;
      return { kind: "enum", id, bitOffset, bits, isSigned: isSignedEnum(btf, id) };
    }
    case BtfKind.PTR:
      return { kind: "pointer", id, bitOffset, bits: 64, isSigned: false };
    default:
      return undefined;
  }
}
