import assert from "node:assert/strict";
import { AddressTable } from "../../lib/output/address_table.ts";

Deno.test("AddressTable numbers addresses in the order in which they are first seen", () => {
  const table = new AddressTable();
  const addresses: [low: number, high: number][] = [];
  // Every pair of halves, so that many addresses differ in one half only, and the table grows.
  for (let low = 0; low < 100; low++) {
    for (let high = 0; high < 100; high++) addresses.push([low * 256, 0xffff_8880 + high]);
  }
  for (let round = 0; round < 2; round++) {
    addresses.forEach(([low, high], i) => assert.equal(table.number(low, high), i));
  }
  assert.equal(table.size, addresses.length);
});
