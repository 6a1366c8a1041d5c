import assert from "node:assert/strict";
import { FentryTemplate } from "../../../lib/bpf/attach/fentry_template.ts";

/** Instructions (struct bpf_insn) from their code, registers and number. */
function program(...instructions: [code: number, registers: number, immediate: number][]) {
  const view = new DataView(new ArrayBuffer(instructions.length * 8));
  instructions.forEach(([code, registers, immediate], i) => {
    view.setUint8(i * 8, code);
    view.setUint8(i * 8 + 1, registers);
    view.setInt32(i * 8 + 4, immediate, true);
  });
  return new Uint8Array(view.buffer);
}

const MOVE = 0xb7, LOAD_WIDE = 0x18, EXIT = 0x95, PLACEHOLDER = 0x1bf7c0de;

Deno.test("FentryTemplate writes the function's index in place of the first placeholder", () => {
  const source = (index: number) =>
    program([MOVE, 1, 7], [MOVE, 2, index], [EXIT, 0, 0], [MOVE, 3, PLACEHOLDER]);
  const template = new FentryTemplate(source(PLACEHOLDER));
  for (const index of [0, 1450]) {
    assert.deepEqual(template.withFunctionIndex(index), source(index));
  }
});

Deno.test("FentryTemplate refuses an extension that hands a function to a helper", () => {
  const load = (pseudo: number) =>
    program([MOVE, 2, PLACEHOLDER], [LOAD_WIDE, pseudo << 4 | 1, 9], [0, 0, 0], [EXIT, 0, 0]);
  const PSEUDO_MAP_VALUE = 2, PSEUDO_FUNC = 4;
  assert.throws(
    () => new FentryTemplate(load(PSEUDO_FUNC)),
    /^IpftError: the ftrace backend .*bpf_loop.*; use --backend kprobe-multi or kprobe$/,
  );
  new FentryTemplate(load(PSEUDO_MAP_VALUE));
});
