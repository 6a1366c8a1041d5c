import type { Btf } from "../btf/btf.ts";
import { BtfKind } from "../btf/btf_kind.ts";
import { intOf, isSignedEnum } from "../btf/btf_types.ts";
import type { FieldWriter } from "../event/fields.ts";
import { integerReader, type ReadInteger } from "./integer_reader.ts";
import type { MemberFormat } from "./member_format.ts";
import {
  booleanWriter,
  charactersWriter,
  enumWriter,
  flagsWriter,
  hexadecimalWriter,
  integerWriter,
  pointerWriter,
  type SymbolName,
  symbolWriter,
  type WriteValue,
} from "./value_writers.ts";

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
 * Makes what writes a scalar as its format says, or else its type.
 * @param scalar one that lies within the data
 * @returns a string when the format does not fit the scalar: the reason
 */
export function scalarWriter(
  btf: Btf,
  scalar: Scalar,
  format: MemberFormat,
  writer: FieldWriter,
  symbolName: SymbolName,
): WriteValue | string {
  const { kind, bitOffset, bits } = scalar;
  if (format.isBigEndian && (bitOffset | bits) % 8 !== 0) return "which is not for a bit field";
  const reader = (isSigned: boolean) =>
    integerReader({ bitOffset, bits, isSigned, isBigEndian: format.isBigEndian });
  const read = reader(scalar.isSigned), readUnsigned = reader(false);
  const decimal = integerWriter(read, writer);
  switch (format.name) {
    case undefined:
      return defaultWriter(btf, scalar, read, decimal, writer);
    case "dec":
      return decimal;
    case "hex":
      if (kind === "pointer") return pointerWriter(bitOffset / 8, writer);
      return hexadecimalWriter(read, bits, writer);
    case "enum": {
      if (kind === "pointer") return "which is not for a pointer";
      const field = { read, bits, isSigned: scalar.isSigned };
      return enumWriter(field, btf.enumerators(format.enumId!), decimal, writer);
    }
    case "enum_flags": {
      if (kind === "pointer") return "which is not for a pointer";
      const field = { read: readUnsigned, bits, isSigned: false };
      return flagsWriter(field, btf.enumerators(format.enumId!), writer);
    }
    case "symbol":
      if (bits !== 64) return "which is for the 8 bytes of an address";
      return symbolWriter(readUnsigned, symbolName, writer);
    default:
      return "which is for the bytes of a whole address";
  }
}

function defaultWriter(
  btf: Btf,
  { kind, id, bitOffset, bits, isSigned }: Scalar,
  read: ReadInteger,
  decimal: WriteValue,
  writer: FieldWriter,
): WriteValue {
  switch (kind) {
    case "boolean":
      return booleanWriter(read, writer);
    case "character":
      return charactersWriter(bitOffset / 8, 1, writer);
    case "enum":
      return enumWriter({ read, bits, isSigned }, btf.enumerators(id), decimal, writer);
    case "pointer":
      return pointerWriter(bitOffset / 8, writer);
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
