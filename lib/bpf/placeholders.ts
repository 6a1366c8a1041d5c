import { ElfObject, SectionType } from "../btf/elf_object.ts";
import {
  ATOMIC_FETCH_ADD,
  CALL,
  forEachOperand,
  INSTRUCTION,
  PSEUDO_KFUNC_CALL,
  setImmediate,
} from "../base/ebpf.ts";

/** Stand for numbers in the programs, each a u32: the *_PLACEHOLDER macros of the headers here. */
export const NUMBERS = {
  /** Only bits that the mask has. */
  wantedMark: 0x1bf73a2c,
  markMask: 0x1bf73a5c,
  /** How to read the mark, or 0 if the filter is not about it (mark.h). */
  markReading: 0x1bf73ead,
  /** 1 where pointers can be cast: the kernel has bpf_rdonly_cast. */
  canCast: 0x1bf7ca5e,
  /** The id of struct sk_buff in the kernel's BTF. */
  skBuffId: 0x1bf75b0f,
  /** 1 where the trace has an expression. */
  hasExpression: 0x1bf7f117,
  /** The id of struct sock in the kernel's BTF. */
  sockId: 0x1bf7050c,
  /** 1 where the trace has conditions on where a packet is and whose it is. */
  hasConditions: 0x1bf7f118,
  /** See `conditionNumbers`. */
  netns: 0x1bf7e700,
  ifnameWord0: 0x1bf71f00,
  ifnameWord1: 0x1bf71f01,
  ifnameWord2: 0x1bf71f02,
  ifnameWord3: 0x1bf71f03,
  ifnameMask0: 0x1bf71f10,
  ifnameMask1: 0x1bf71f11,
  ifnameMask2: 0x1bf71f12,
  ifnameMask3: 0x1bf71f13,
  cgroupLow: 0x1bf7c600,
  cgroupHigh: 0x1bf7c601,
  /** 1 where the packet must belong to a process. */
  ofProcess: 0x1bf7b0cf,
  /** `FunctionTable.shift`. */
  hashShift: 0x1bf75417,
  /** Number of rings, a power of two. */
  rings: 0x1bf7417c,
  recordBytes: 0x1bf75172,
  /** 1 if the trace follows packets. */
  follows: 0x1bf7f010,
  /** 0 if there is to be less room for followed packets than in all their homes (tracked.h). */
  hasHomes: 0x1bf7f012,
  /** 1 where the kernel has FETCH_ADD. */
  hasFetchAdd: 0x1bf7fade,
} as const;

/**
 * Stands for `r0 = atomic_fetch_add((u32 *)(r1 + 0), r0)`, which Linux 5.12 and later have. Older kernels
 * refuse an object that has it anywhere.
 */
export const FETCH_ADD = 0x1bf7fadd;

/** Stand for calls of the kernel's functions. */
export const CALLS = {
  sessionIsReturn: 0x1bf75e55,
  sessionCookie: 0x1bf7c00c,
  rdonlyCast: 0x1bf7ca57,
} as const;

/** Stands for the index of the function that a program is bound to. Each copy of the program gets its own. */
export const FUNCTION_INDEX = 0x1bf7c0de;

/** The upper half of all placeholders. */
const PREFIX = 0x1bf7;

/** Numbers, or BTF ids of functions, by the placeholder that each replaces. */
export type Values = ReadonlyMap<number, number>;

/** Maps each placeholder to the value of the same name, if there is one. */
export function byPlaceholder<Name extends string>(
  placeholders: Readonly<Record<Name, number>>,
  values: Readonly<Partial<Record<NoInfer<Name>, number>>>,
): Values {
  const pairs = Object.entries<number>(placeholders)
    .map(([name, placeholder]) => [placeholder, values[name as Name]] as const);
  return new Map(pairs.filter((pair): pair is [number, number] => pair[1] !== undefined));
}

/**
 * Replaces all placeholders in an object of ours by numbers and calls of the kernel's functions. (libbpf
 * would compare the declarations of such functions with the kernel's, which differ from one kernel to the
 * next.) A placeholder without a value becomes 0: it is in code that will not run.
 *
 * @param elf changed in place; nothing of the user's is in it yet, where any number may occur
 */
export function fillPlaceholders(
  elf: Uint8Array<ArrayBuffer>,
  numbers: Values,
  calls: Values,
): void {
  const SHF_EXECINSTR = 4;
  const object = new ElfObject(elf, "tracer.bpf.o");
  for (const section of object.sections) {
    if ((section.flags & SHF_EXECINSTR) === 0 || section.type === SectionType.nobits) continue;
    const code = elf.subarray(section.offset, section.offset + section.sizeBytes);
    forEachOperand(code, (at, operand) => {
      if (operand >>> 16 !== PREFIX || operand === FUNCTION_INDEX) return;
      if (operand === FETCH_ADD && numbers.get(NUMBERS.hasFetchAdd) === 1) {
        code.set(ATOMIC_FETCH_ADD, at);
        return;
      }
      const call = calls.get(operand);
      if (call !== undefined) {
        code[at] = CALL;
        code[at + INSTRUCTION.registers] = PSEUDO_KFUNC_CALL << 4;
      }
      setImmediate(code, at, call ?? numbers.get(operand) ?? 0);
    });
  }
}
