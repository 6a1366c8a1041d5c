import assert from "node:assert/strict";
import { metered, meterOf } from "../../../lib/lua/meter.ts";
import { loadWasmoon } from "../../../lib/lua/wasmoon.ts";

/**
 * A module with `run(n)`, which goes n rounds through a loop, and `fill(n)`, which fills n bytes. With 83
 * cases in a third function, it passes for Lua.
 */
function module(): Uint8Array {
  const section = (id: number, ...content: number[]) => [id, ...leb(content.length), ...content];
  const leb = (value: number): number[] =>
    value < 0x80 ? [value] : [value & 0x7f | 0x80, ...leb(value >>> 7)];
  const code = (...body: number[]) => [...leb(body.length + 1), 0, ...body];
  const name = (text: string) => [text.length, ...new TextEncoder().encode(text)];
  const run = code(
    ...[0x03, 0x40, 0x20, 0, 0x41, 1, 0x6b, 0x22, 0], // loop; n = n - 1
    ...[0x0d, 0, 0x0b, 0x0b], // branch to the loop if n is not zero
  );
  const fill = code(0x41, 0, 0x41, 0, 0x20, 0, 0xfc, 11, 0, 0x0b);
  const cases = code(0x02, 0x40, 0x20, 0, 0x0e, 82, ...Array(83).fill(0), 0x0b, 0x0b);
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, 1, 0x60, 1, 0x7f, 0), // (i32) -> ()
    ...section(2, 0),
    ...section(3, 3, 0, 0, 0),
    ...section(4, 1, 0x70, 0, 1),
    ...section(5, 1, 0, 16),
    ...section(6, 0),
    ...section(7, 3, ...name("run"), 0, 0, ...name("fill"), 0, 1, ...name("table"), 1, 0),
    ...section(10, 3, ...run, ...fill, ...cases),
  ]);
}

Deno.test("each round of a loop counts, and each block of memory", async () => {
  const { instance } = await WebAssembly.instantiate(metered(module()));
  const { run, fill } = instance.exports as Record<string, (count: number) => void>;
  const { rounds, instructions } = meterOf(instance.exports);
  rounds.value = 1_000_000;
  run(1000);
  assert.equal(rounds.value, 999_000);
  fill(64_000);
  assert.equal(rounds.value, 998_000);
  assert.equal(instructions.value, 0);
  rounds.value = 10;
  assert.throws(() => run(11), WebAssembly.RuntimeError); // there is nothing to call in the table
});

Deno.test("a module that is not Lua's is refused", () => {
  const other = module();
  other[other.lastIndexOf(82)] = 81; // one case fewer, and an instruction more
  assert.throws(() => metered(other), { message: /not the expected version of Lua/ });
});

Deno.test("the virtual machine reaches nothing of the host", async () => {
  const { lua } = await loadWasmoon();
  const open = new TextEncoder().encode("/etc/hostname\0");
  const path = lua._malloc(open.length);
  lua.HEAPU8.set(open, path);
  const L = (lua as unknown as { _luaL_newstate(): number })._luaL_newstate();
  const load = (lua as unknown as { _luaL_loadfilex(...args: number[]): number })._luaL_loadfilex;
  const LUA_ERRFILE = 6;
  assert.equal(load(L, path, 0), LUA_ERRFILE);
});
