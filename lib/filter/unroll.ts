import type { ClassicInstruction } from "../ffi/libpcap.ts";
import { Class, type ClassicProgram, classOf, JUMP, opOf } from "./classic.ts";

/** Headers of a chain that are looked at: extension headers of IPv6, for one. Real packets have two or three. */
const CHAIN_HEADERS = 8;

/**
 * Returns a program without jumps back, which the verifier might follow without end: each loop becomes as many
 * copies. libpcap makes loops only for `protochain`, one for each, and none within another. A chain that is
 * longer does not match.
 */
export function unrollLoops(program: ClassicProgram): ClassicProgram {
  const loop = findLoop(program);
  if (loop === undefined) return program;
  const { start, end } = loop, length = end - start, copies = CHAIN_HEADERS;
  const giveUp = program.length + (copies - 1) * length;
  /** Where an instruction is after the change, seen from a copy of the loop. */
  const place = (index: number, copy: number) =>
    index < start ? index : index < end ? index + copy * length : index + (copies - 1) * length;
  const unrolled: ClassicInstruction[] = [];
  const append = (from: number, to: number, copy: number) => {
    for (let index = from; index < to; index++) {
      const instruction = program[index], at = unrolled.length;
      const distance = (jump: number) => {
        const target = index + 1 + jump;
        const isBack = target <= index;
        if (isBack && copy === copies - 1) return giveUp - at - 1;
        return place(target, isBack ? copy + 1 : copy) - at - 1;
      };
      unrolled.push(withDistances(instruction, distance));
    }
  };
  append(0, start, 0);
  for (let copy = 0; copy < copies; copy++) append(start, end, copy);
  append(end, program.length, 0);
  unrolled.push({ code: Class.RET, jt: 0, jf: 0, k: 0 });
  return unrollLoops(unrolled);
}

/** Finds the first loop: from the target of a jump back to behind the last jump to it. */
function findLoop(program: ClassicProgram): { start: number; end: number } | undefined {
  const back = (instruction: ClassicInstruction, index: number) =>
    isJumpAlways(instruction) && (instruction.k | 0) < 0
      ? index + 1 + (instruction.k | 0)
      : undefined;
  const targets = program.map(back);
  const start = targets.find((target) => target !== undefined);
  return start === undefined ? undefined : { start, end: targets.lastIndexOf(start) + 1 };
}

function withDistances(
  instruction: ClassicInstruction,
  distance: (jump: number) => number,
): ClassicInstruction {
  if (classOf(instruction) !== Class.JMP) return instruction;
  const { jt, jf, k } = instruction;
  if (isJumpAlways(instruction)) return { ...instruction, k: distance(k | 0) };
  return { ...instruction, jt: distance(jt), jf: distance(jf) };
}

function isJumpAlways(instruction: ClassicInstruction): boolean {
  return classOf(instruction) === Class.JMP && opOf(instruction) === JUMP.JA;
}
