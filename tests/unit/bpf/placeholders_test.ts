import assert from "node:assert/strict";
import { readBpfObject } from "../../../lib/bpf/object_file.ts";
import { fillPlaceholders } from "../../../lib/bpf/placeholders.ts";
import { BpfObject } from "../../../lib/ffi/libbpf.ts";

const NUMBERS = { wantedMark: 0xdeadbeef, markMask: 0xfffffff0, hashShift: 18, rings: 2 };
const IDS = { sessionIsReturn: 11, sessionCookie: 12, rdonlyCast: 13, skBuff: 14 };

/** What all placeholders have in common, but for the function's index, which is filled in later. */
const isPlaceholder = (immediate: number) => immediate >>> 20 === 0x1bf && immediate !== 0x1bf7c0de;

interface Instruction {
  readonly code: number;
  readonly destination: number;
  readonly source: number;
  readonly offset: number;
  readonly immediate: number;
}

function decode(bytes: Uint8Array<ArrayBuffer>): Instruction[] {
  const view = new DataView(bytes.buffer);
  return Array.from({ length: bytes.length / 8 }, (_, i) => ({
    code: bytes[i * 8],
    destination: bytes[i * 8 + 1] & 0xf,
    source: bytes[i * 8 + 1] >>> 4,
    offset: view.getInt16(i * 8 + 2, true),
    immediate: view.getInt32(i * 8 + 4, true),
  }));
}

/** The instructions of the tracer's programs, before and after. */
function filled(ids: Partial<typeof IDS>): { before: Instruction[]; after: Instruction[] }[] {
  using object = new BpfObject(readBpfObject("tracer"), "tracer");
  return Array.from(object.programs(), (program) => {
    const bytes = program.instructions();
    const before = decode(bytes);
    fillPlaceholders(bytes, NUMBERS, ids);
    return { before, after: decode(bytes) };
  });
}

Deno.test("fillPlaceholders leaves none of the tracer's placeholders, and all else as it was", () => {
  for (const { before, after } of filled(IDS)) {
    assert.deepEqual(after.filter(({ immediate }) => isPlaceholder(immediate)), []);
    const others = before.map((each, i) => ({ each, now: after[i] }))
      .filter(({ each }) => !isPlaceholder(each.immediate));
    others.forEach(({ each, now }) => assert.deepEqual(now, each));
    assert.ok(others.length < before.length);
  }
});

Deno.test("fillPlaceholders makes calls of the kernel's functions, where it has them", () => {
  const CALL = 0x85, PSEUDO_KFUNC_CALL = 2;
  const calls = (ids: Partial<typeof IDS>) =>
    new Set(
      filled(ids).flatMap(({ after }) => after)
        .filter(({ code, source }) => code === CALL && source === PSEUDO_KFUNC_CALL)
        .map(({ immediate }) => immediate),
    );
  const { sessionIsReturn, sessionCookie, rdonlyCast, skBuff } = IDS;
  assert.deepEqual(calls(IDS), new Set([sessionIsReturn, sessionCookie, rdonlyCast]));
  assert.deepEqual(calls({ skBuff }), new Set());
});

Deno.test("mark.h: what waits while a typed pointer is made has a slot of the stack of its own", () => {
  const CALL = 0x85, STORE = 0x7b, LOAD = 0x79, ADD = 0x07, STACK = 10, SLOT = -16;
  const isCast = (each?: Instruction) => each?.code === CALL && each.immediate === IDS.rdonlyCast;
  const programs = filled(IDS).map(({ after }) => after).filter((program) => program.some(isCast));
  for (const program of programs) {
    program.forEach(({ code, destination, source, offset, immediate }, i) => {
      const isAtSlot = offset < SLOT + 8, [before, after] = [program[i - 1], program[i + 1]];
      if (destination === STACK && isAtSlot) assert.ok(code === STORE && isCast(after));
      if (source === STACK && isAtSlot) assert.ok(code === LOAD && isCast(before));
      if (code === ADD && before?.source === STACK) assert.ok(immediate >= SLOT + 8);
    });
  }
  assert.equal(programs.length, 15); // of three kinds, one for each position
});
