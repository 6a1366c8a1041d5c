import assert from "node:assert/strict";
import fc from "fast-check";
import { DATA_BYTES } from "../../../lib/event/section.ts";
import { integerReader } from "../../../lib/extension/integer_reader.ts";

/** The bits of a place as one number, by no cleverness at all. */
function reference(
  bytes: Uint8Array,
  bitOffset: number,
  bits: number,
  isSigned: boolean,
  isBigEndian: boolean,
): bigint {
  let value = 0n;
  for (let bit = 0; bit < bits; bit++) {
    const at = isBigEndian ? bitOffset + (bits - 8 - (bit & ~7)) + (bit & 7) : bitOffset + bit;
    if (bytes[at >>> 3] >>> (at & 7) & 1) value |= 1n << BigInt(bit);
  }
  return isSigned ? BigInt.asIntN(bits, value) : value;
}

Deno.test("integerReader reads any width at any place, in either order", () => {
  const places = fc.record({
    bytes: fc.uint8Array({ minLength: 3 * DATA_BYTES, maxLength: 3 * DATA_BYTES }),
    isBigEndian: fc.boolean(),
    isSigned: fc.boolean(),
    bits: fc.oneof(fc.constantFrom(8, 16, 32, 64, 128), fc.integer({ min: 1, max: 128 })),
    place: fc.nat(2 ** 20 - 1),
    event: fc.nat(2),
  });
  fc.assert(
    fc.property(places, ({ bytes, isBigEndian, isSigned, bits, place, event }) => {
      const isWhole = isBigEndian || place % 2 === 0;
      const width = isBigEndian ? Math.ceil(bits / 8) * 8 : bits;
      const steps = isWhole ? 8 : 1;
      const last = Math.floor((DATA_BYTES * 8 - width) / steps);
      const bitOffset = place % (last + 1) * steps;
      const at = event * DATA_BYTES;
      const read = integerReader({ bitOffset, bits: width, isSigned, isBigEndian });
      const value = read(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), at);
      const expected = reference(bytes, at * 8 + bitOffset, width, isSigned, isBigEndian);
      assert.equal(BigInt(value), expected);
      const isExact = expected >= -(2n ** 53n) && expected < 2n ** 53n;
      assert.equal(typeof value, isExact ? "number" : "bigint");
    }),
    { numRuns: 20_000 },
  );
});
