const MAX_INT32 = 2 ** 31 - 1;

/**
 * Writes an integer from 0 to 2^53 into `bytes` at `start`, right-aligned in at least `width` columns;
 * returns where it ends. There must be room: it has up to 16 digits.
 */
export function putDecimal(
  bytes: Uint8Array,
  start: number,
  value: number,
  width: number,
): number {
  let digits = 1;
  for (let power = 10; power <= value; power *= 10) digits++;
  const end = start + Math.max(digits, width);
  let at = end;
  for (; value > MAX_INT32; digits--) {
    const tenth = Math.floor(value / 10);
    bytes[--at] = 0x30 + (value - tenth * 10); // not added first: it is exact up to 2^53
    value = tenth;
  }
  // The engine divides such integers by multiplying them.
  for (let rest = value | 0; digits > 0; digits--) {
    const tenth = (rest / 10) | 0;
    bytes[--at] = 0x30 + rest - tenth * 10;
    rest = tenth;
  }
  while (at > start) bytes[--at] = 0x20;
  return end;
}
