/** Events for tests of sinks: few of any kind, or many of a plain kind. */
import fc from "fast-check";
import { ORIGINS } from "../../lib/event/lineage.ts";
import { DATA_BYTES } from "../../lib/event/section.ts";
import { dataOfText } from "./fake_fields.ts";
import type { Lineage } from "./followed.ts";
import { FUNCTIONS, type Row } from "./row.ts";

/** Any data; its text is seldom longer than a sink's buffer, but then up to three times. */
const dataArbitrary = fc.tuple(
  fc.oneof(
    { weight: 12, arbitrary: fc.nat(40) },
    { weight: 1, arbitrary: fc.nat(800_000) },
  ),
  fc.uint8Array({ minLength: DATA_BYTES - 4, maxLength: DATA_BYTES - 4 }),
).map(([length, rest]) => dataOfText(length, rest));

/** Of few journeys, in which packets may have any relatives. */
const lineageArbitrary: fc.Arbitrary<Lineage> = fc.record({
  packet: fc.oneof(fc.integer({ min: 1, max: 6 }), fc.constantFrom(1_234_567, 2 ** 32 - 1)),
  relative: fc.oneof(fc.integer({ min: 1, max: 6 }), fc.constantFrom(2 ** 32 - 1)),
  journey: fc.constantFrom(1, 2, 2 ** 32 - 1),
  origin: fc.nat(ORIGINS.length - 1),
}).map((lineage) => ({ ...lineage, relative: lineage.origin && lineage.relative }));

/** Events of few packets, close in time, with ties, some of them older than the origin. */
export const rowsArbitrary: fc.Arbitrary<Row[]> = fc.array(
  fc.record({
    skb: fc.constantFrom(
      0xffff_8880_03e1_a900n,
      0xffff_8880_03e1_aa00n,
      0xffff_8881_03e1_a900n,
      0n,
      2n ** 64n - 1n,
    ),
    timestamp: fc.oneof(
      fc.integer({ min: -50, max: 50 }),
      fc.integer({ min: -50, max: 2 ** 40 }),
      fc.constantFrom(999_999_999, 1_000_000_000, 2 ** 52),
    ),
    functionIndex: fc.nat(FUNCTIONS.length - 1),
    cpu: fc.oneof(fc.nat(9), fc.nat(0x7fff)),
    task: fc.oneof(fc.nat(2), fc.constantFrom(0xffffffff, 0xfffffffe)),
    isReturn: fc.boolean(),
    data: dataArbitrary,
    lineage: lineageArbitrary,
  }),
  { maxLength: 60 },
);

/** Times since boot, in ns: from less than a second to more than 2^53, and the edges of seconds. */
export const originArbitrary: fc.Arbitrary<bigint> = fc.oneof(
  fc.bigInt(50n, 2n ** 63n),
  fc.bigInt(50n, 2_000_000_000n),
  fc.bigInt(1n, 2n ** 34n).chain((seconds) =>
    fc.bigInt(-3n, 3n).map((ns) => seconds * 1_000_000_000n + ns)
  ),
);

/** A million events would be slow to check: this many cross every buffer and chunk there is. */
export function manyRows(count: number): Row[] {
  let state = 1;
  const random = (below: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
  const lineageOf = (skb: number): Lineage => {
    const relative = skb & 1;
    return { packet: skb + 1, relative, journey: (skb >> 2) + 1, origin: relative && 1 + skb % 7 };
  };
  return Array.from({ length: count }, () => random(count / 10)).map((skb, i) => ({
    skb: 0xffff_8880_0000_0000n + BigInt(skb) * 256n,
    lineage: lineageOf(skb),
    timestamp: i * 40_000 + random(10 ** 9),
    functionIndex: random(FUNCTIONS.length),
    cpu: random(200),
    task: random(200),
    isReturn: random(2) === 1,
    data: dataOfText(random(20_000) === 0 ? 700_000 : random(30), [i, i >> 8, i >> 16]),
  }));
}
