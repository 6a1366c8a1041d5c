import assert from "node:assert/strict";
import fc from "fast-check";
import { KeyTable } from "../../../lib/analysis/key_table.ts";

Deno.test("KeyTable numbers keys in the order in which they are first seen", () => {
  const table = new KeyTable();
  const pairs: [first: number, second: number][] = [];
  // Like the halves of addresses: many pairs differ in one number only. The table grows.
  for (let first = 0; first < 100; first++) {
    for (let second = 0; second < 100; second++) pairs.push([first * 256, 0xffff_8880 + second]);
  }
  for (let round = 0; round < 2; round++) {
    pairs.forEach(([first, second], i) => assert.equal(table.number(first, second), i));
  }
  assert.equal(table.size, pairs.length);
});

Deno.test("KeyTable finds what is left, whatever it has forgotten", () => {
  fc.assert(fc.property(
    fc.array(fc.record({ key: fc.nat(600), isForgotten: fc.boolean() }), {
      minLength: 500,
      maxLength: 3000,
      size: "max",
    }),
    (steps) => {
      const table = new KeyTable();
      const numbers = new Map<number, number>();
      for (const { key, isForgotten } of steps) {
        const number = numbers.get(key);
        assert.equal(table.find(key * 64, 7, key % 3), number);
        if (isForgotten && number !== undefined) {
          table.forget(number);
          numbers.delete(key);
        } else {
          numbers.set(key, table.number(key * 64, 7, key % 3));
        }
      }
      assert.equal(table.size, numbers.size);
      assert.equal(new Set(numbers.values()).size, numbers.size);
      for (const [key, number] of numbers) assert.equal(table.find(key * 64, 7, key % 3), number);
    },
  ));
});
