import assert from "node:assert/strict";
import { parseProgramInfo } from "../../../lib/ffi/loaded_programs.ts";

/** A `struct bpf_prog_info` and the `struct bpf_func_info` of its first function. */
function info(name: string, functions: number, firstInstruction = 0) {
  const info = new DataView(new ArrayBuffer(208)), first = new DataView(new ArrayBuffer(8));
  info.setUint32(0, 3, true);
  info.setUint32(4, 0x1234567, true);
  new Uint8Array(info.buffer).set(new TextEncoder().encode(name), 64);
  info.setUint32(128, 77, true);
  info.setUint32(144, functions, true);
  first.setUint32(0, firstInstruction, true);
  first.setUint32(4, 9, true);
  return parseProgramInfo(new Uint8Array(info.buffer), new Uint8Array(first.buffer));
}

Deno.test("parseProgramInfo reads what the kernel says of a program", () => {
  const expected = { type: 3, id: 0x1234567, name: "cls_main", btfId: 77, mainFunction: 9 };
  assert.deepEqual(info("cls_main", 1), expected);
  assert.deepEqual(info("cls_main", 12), expected);
  assert.equal(info("", 1).name, "");
  assert.equal(info("fifteen_letters", 1).name, "fifteen_letters");
});

Deno.test("parseProgramInfo knows no main function where the kernel has none", () => {
  assert.equal(info("cls_main", 0).mainFunction, 0);
  assert.equal(info("cls_main", 1, 8).mainFunction, 0);
});
