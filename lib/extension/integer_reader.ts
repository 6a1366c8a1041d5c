import { type Integer, signed64, unsigned64 } from "../base/integer.ts";
import { DATA_BYTES } from "../event/section.ts";

/** Reads an integer of the event whose data begins at `at`. All its `DATA_BYTES` must be in `data`. */
export type ReadInteger = (data: DataView, at: number) => Integer;

/** Where an integer is and how it is encoded. */
export interface IntegerPlace {
  /** From the beginning of the data to the lowest bit. */
  readonly bitOffset: number;
  readonly bits: number;
  readonly isSigned: boolean;
  /** In network byte order; only for whole bytes. */
  readonly isBigEndian: boolean;
}

/** Makes the reader for a place within `DATA_BYTES`. */
export function integerReader(place: IntegerPlace): ReadInteger {
  const { bitOffset, bits, isSigned, isBigEndian } = place;
  if (bitOffset % 8 !== 0) return bitFieldReader(place);
  const offset = bitOffset / 8;
  const isLittle = !isBigEndian;
  switch (bits) {
    case 8:
      return isSigned
        ? (data, at) => data.getInt8(at + offset)
        : (data, at) => data.getUint8(at + offset);
    case 16:
      return isSigned
        ? (data, at) => data.getInt16(at + offset, isLittle)
        : (data, at) => data.getUint16(at + offset, isLittle);
    case 32:
      return isSigned
        ? (data, at) => data.getInt32(at + offset, isLittle)
        : (data, at) => data.getUint32(at + offset, isLittle);
    case 64: {
      const low = offset + (isLittle ? 0 : 4), high = offset + (isLittle ? 4 : 0);
      return isSigned
        ? (data, at) =>
          signed64(data.getUint32(at + low, isLittle), data.getInt32(at + high, isLittle))
        : (data, at) =>
          unsigned64(data.getUint32(at + low, isLittle), data.getUint32(at + high, isLittle));
    }
    default:
      return isBigEndian ? bigEndianReader(place) : bitFieldReader(place);
  }
}

/** Reads any bits in little-endian order. */
function bitFieldReader({ bitOffset, bits, isSigned }: IntegerPlace): ReadInteger {
  // Most fit into one word. It may begin early, so that it ends within the data.
  const wordAt = Math.min(bitOffset >>> 3, DATA_BYTES - 4);
  const end = bitOffset - wordAt * 8 + bits;
  if (end <= 32) {
    const left = 32 - end, right = 32 - bits;
    return isSigned
      ? (data, at) => data.getInt32(at + wordAt, true) << left >> right
      : (data, at) => data.getInt32(at + wordAt, true) << left >>> right;
  }
  const firstByte = bitOffset >>> 3, lastByte = bitOffset + bits - 1 >>> 3;
  const shift = BigInt(bitOffset & 7);
  return (data, at) => {
    let value = 0n;
    for (let byte = lastByte; byte >= firstByte; byte--) {
      value = value << 8n | BigInt(data.getUint8(at + byte));
    }
    return asInteger(value >> shift, bits, isSigned);
  };
}

/** Reads whole bytes of a width that DataView does not have. */
function bigEndianReader({ bitOffset, bits, isSigned }: IntegerPlace): ReadInteger {
  const offset = bitOffset / 8, count = bits / 8;
  return (data, at) => {
    let value = 0n;
    for (let i = 0; i < count; i++) value = value << 8n | BigInt(data.getUint8(at + offset + i));
    return asInteger(value, bits, isSigned);
  };
}

/** Cuts a value to its lowest `bits`. */
export function asInteger(value: bigint, bits: number, isSigned: boolean): Integer {
  const cut = isSigned ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
  const number = Number(cut);
  return number >= -(2 ** 53) && number < 2 ** 53 ? number : cut;
}
