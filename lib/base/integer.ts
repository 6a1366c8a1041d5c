/** A number as far as those are exact (up to 2^53), a bigint beyond. */
export type Integer = number | bigint;

/** The upper half of 2^53. */
const EXACT_HIGH = 2 ** 21;

/** Joins the halves of an unsigned 64-bit integer. */
export function unsigned64(low: number, high: number): Integer {
  return high < EXACT_HIGH ? high * 2 ** 32 + low : BigInt(high) << 32n | BigInt(low);
}

/** Joins the halves of a signed 64-bit integer. @param high the upper half, signed */
export function signed64(low: number, high: number): Integer {
  return high < EXACT_HIGH && high >= -EXACT_HIGH
    ? high * 2 ** 32 + low
    : BigInt(high) << 32n | BigInt(low);
}
