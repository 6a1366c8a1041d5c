import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type FunctionTable,
  insertFunction,
  makeFunctionTable,
} from "../../../lib/bpf/function_table.ts";

const UNKNOWN = 0xffff_ffff;

/** What `attached_function` of record.h does, instruction by instruction. */
function attachedFunction({ slots, shift }: FunctionTable, address: bigint): number {
  const low = Number(address & 0xffff_ffffn);
  let slot = Number((BigInt(low) * 0x9e3779b1n & 0xffff_ffffn) >> BigInt(shift));
  for (let i = 0; i < 4; i++, slot++) {
    if (slot >= slots.length / 2) continue; // the map has no such element
    if (slots[2 * slot] === low) return slots[2 * slot + 1];
  }
  return UNKNOWN;
}

/** Of a kernel's text and modules, which are mapped to the last 2 GiB. */
const address = fc.integer({ min: 0x8000_0000, max: 0xffff_fff0 })
  .map((low) => 0xffff_ffff_0000_0000n + BigInt(low));

Deno.test("a function table has every function where the programs look, and no other", () => {
  const addresses = fc.uniqueArray(address, { maxLength: 300 });
  fc.assert(
    fc.property(addresses, fc.array(address), (addresses, others) => {
      const table = makeFunctionTable(addresses);
      addresses.forEach((address, index) => assert.equal(attachedFunction(table, address), index));
      for (const other of others.filter((other) => !addresses.includes(other))) {
        assert.equal(attachedFunction(table, other), UNKNOWN);
      }
      assert.equal(attachedFunction(table, 0n), UNKNOWN);
    }),
  );
});

Deno.test("a function table takes as many functions as there can be, close together or not", () => {
  for (const stride of [16n, 64n, 4096n, 30_000n]) {
    const addresses = Array.from(
      { length: 65_536 },
      (_, i) => 0xffff_ffff_8000_0000n + BigInt(i) * stride,
    );
    const table = makeFunctionTable(addresses);
    addresses.forEach((address, index) => assert.equal(attachedFunction(table, address), index));
    assert.ok(table.slots.byteLength <= 64 * 2 ** 20, `${stride}: ${table.slots.byteLength}`);
  }
});

Deno.test("functions that share an address share a slot, and none at all is a table, too", () => {
  const table = makeFunctionTable([0xffff_ffff_8100_0000n, 0xffff_ffff_8100_0000n]);
  assert.equal(attachedFunction(table, 0xffff_ffff_8100_0000n), 1);
  assert.equal(attachedFunction(makeFunctionTable([]), 0xffff_ffff_8100_0000n), UNKNOWN);
});

Deno.test("a function table has room for functions that come later, and for new ones in old places", () => {
  const addresses = Array.from(
    { length: 1100 },
    (_, i) => 0xffff_ffff_c000_0000n + 48n * BigInt(i),
  );
  const table = makeFunctionTable(addresses.slice(0, 100), 1000);
  for (const [index, address] of addresses.entries()) {
    if (index >= 100) assert.notEqual(insertFunction(table, address, index), undefined);
  }
  insertFunction(table, addresses[7], 2000);
  addresses.forEach((address, index) => {
    assert.equal(attachedFunction(table, address), index === 7 ? 2000 : index);
  });
  const full = makeFunctionTable([]);
  const last = addresses.findIndex((address, i) => insertFunction(full, address, i) === undefined);
  assert(last > 0);
});
