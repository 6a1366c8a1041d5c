import assert from "node:assert/strict";
import { PairTable } from "../../../lib/analysis/pair_table.ts";

Deno.test("PairTable numbers pairs in the order in which they are first seen", () => {
  const table = new PairTable();
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
