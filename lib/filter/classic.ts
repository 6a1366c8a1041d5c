/** Classic BPF (`struct bpf_insn` of libpcap): its codes, and what is known before an instruction runs. */
import type { ClassicInstruction } from "../ffi/libpcap.ts";

export type ClassicProgram = readonly ClassicInstruction[];

/** BPF_CLASS: the lowest three bits of a code (pcap/bpf.h). */
export const Class = { LD: 0, LDX: 1, ST: 2, STX: 3, ALU: 4, JMP: 5, RET: 6, MISC: 7 } as const;

/** BPF_MODE: where a load finds its value. */
export const MODE = { IMM: 0x00, ABS: 0x20, IND: 0x40, MEM: 0x60, LEN: 0x80, MSH: 0xa0 } as const;

/** BPF_OP of some calculations and of jumps. eBPF has all calculations under the same numbers. */
export const ALU = { DIV: 0x30, LSH: 0x60, RSH: 0x70, NEG: 0x80, MOD: 0x90 } as const;
export const JUMP = { JA: 0x00, JEQ: 0x10, JGT: 0x20, JGE: 0x30, JSET: 0x40 } as const;

/** BPF_X: the operand is X instead of the immediate. */
const FROM_X = 0x08;

/** BPF_A: what is returned is A. */
export const RET_A = 0x10;

/** BPF_TXA of BPF_MISCOP; TAX is 0. */
export const TXA = 0x80;

export const classOf = ({ code }: ClassicInstruction) => code & 0x07;
export const modeOf = ({ code }: ClassicInstruction) => code & 0xe0;
export const opOf = ({ code }: ClassicInstruction) => code & 0xf0;
export const hasX = ({ code }: ClassicInstruction) => (code & FROM_X) !== 0;

/** Returns how many bytes a load of the packet reads: BPF_SIZE. */
export function sizeOf({ code }: ClassicInstruction): 1 | 2 | 4 {
  return (code & 0x18) === 0x10 ? 1 : (code & 0x18) === 0x08 ? 2 : 4;
}

export const isLoad = ({ code }: ClassicInstruction) => (code & 0x07) <= Class.LDX;

/** Returns whether an instruction reads the packet at an offset that is part of it. */
export function isAbsolute(instruction: ClassicInstruction): boolean {
  const mode = modeOf(instruction);
  return mode === MODE.ABS && classOf(instruction) === Class.LD ||
    mode === MODE.MSH && classOf(instruction) === Class.LDX;
}

/** Returns whether an instruction reads the packet at an offset that is added to X. */
export function isIndirect(instruction: ClassicInstruction): boolean {
  return modeOf(instruction) === MODE.IND && classOf(instruction) === Class.LD;
}

/** Returns the indices of the instructions that may come next. All jumps go ahead. */
function successors(instruction: ClassicInstruction, index: number): number[] {
  if (classOf(instruction) === Class.RET) return [];
  if (classOf(instruction) !== Class.JMP) return [index + 1];
  const { k, jt, jf } = instruction;
  return opOf(instruction) === JUMP.JA ? [index + 1 + k] : [index + 1 + jt, index + 1 + jf];
}

/** What is known before an instruction, whatever way led to it. */
export interface Known {
  /** That many bytes of the frame are in the linear part: they have been read on all ways. */
  bytes: number;
  /** Whether a call may have come before, and whether one has on all ways. */
  isAfterCall: boolean;
  isAfterCallAlways: boolean;
  /** Whether A and X have been set on all ways. */
  isASet: boolean;
  isXSet: boolean;
}

/**
 * Finds out what is known before each instruction.
 * @param calls whether an instruction is translated with a call
 * @param isAfterCall whether a call has come before the first one
 */
export function analyze(
  program: ClassicProgram,
  calls: (instruction: ClassicInstruction) => boolean,
  isAfterCall: boolean,
): readonly Known[] {
  const known: Known[] = program.map(() => ({
    bytes: Infinity,
    isAfterCall: false,
    isAfterCallAlways: true,
    isASet: true,
    isXSet: true,
  }));
  known[0] = {
    bytes: 0,
    isAfterCall,
    isAfterCallAlways: isAfterCall,
    isASet: false,
    isXSet: false,
  };
  for (const [index, instruction] of program.entries()) {
    const before = known[index], isCall = calls(instruction);
    const read = isAbsolute(instruction) ? instruction.k + sizeOf(instruction) : 0;
    for (const next of successors(instruction, index)) {
      const after = known[next];
      after.bytes = Math.min(after.bytes, Math.max(before.bytes, read));
      after.isAfterCall ||= before.isAfterCall || isCall;
      after.isAfterCallAlways &&= before.isAfterCallAlways || isCall;
      after.isASet &&= before.isASet || setsA(instruction);
      after.isXSet &&= before.isXSet || setsX(instruction);
    }
  }
  return known;
}

/** Returns whether an instruction reads A. */
export function usesA(instruction: ClassicInstruction): boolean {
  switch (classOf(instruction)) {
    case Class.ST:
    case Class.ALU:
      return true;
    case Class.JMP:
      return opOf(instruction) !== JUMP.JA;
    case Class.RET:
      return (instruction.code & RET_A) !== 0;
  }
  return setsX(instruction) && classOf(instruction) === Class.MISC;
}

/** Returns whether an instruction reads X. */
export function usesX(instruction: ClassicInstruction): boolean {
  switch (classOf(instruction)) {
    case Class.STX:
      return true;
    case Class.ALU:
    case Class.JMP:
      return hasX(instruction);
  }
  return isIndirect(instruction) || setsA(instruction) && classOf(instruction) === Class.MISC;
}

/** ALU instructions also set it, but read it before. */
function setsA(instruction: ClassicInstruction): boolean {
  return classOf(instruction) === Class.LD ||
    classOf(instruction) === Class.MISC && opOf(instruction) === TXA;
}

function setsX(instruction: ClassicInstruction): boolean {
  return classOf(instruction) === Class.LDX ||
    classOf(instruction) === Class.MISC && opOf(instruction) !== TXA;
}
