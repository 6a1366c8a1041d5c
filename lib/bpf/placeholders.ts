import { ElfObject, SectionType } from "../btf/elf_object.ts";
import {
  CALL,
  forEachOperand,
  INSTRUCTION,
  PSEUDO_KFUNC_CALL,
  setImmediate,
} from "./instruction.ts";

/** What the programs have in place of numbers, each a u32: *_PLACEHOLDER of the headers here. */
export const NUMBERS = {
  /** Only bits that the mask has. */
  wantedMark: 0x1bf73a2c,
  markMask: 0x1bf73a5c,
  /** 1 where the kernel has bpf_rdonly_cast. */
  canCast: 0x1bf7ca5e,
  /** Id of struct sk_buff in the kernel's BTF. */
  skBuffId: 0x1bf75b0f,
  /** 1 where the trace has a filter program. */
  hasFilter: 0x1bf7f117,
  /** Of the function table's hash. */
  hashShift: 0x1bf75417,
  /** How many: a power of two. */
  rings: 0x1bf7417c,
  recordBytes: 0x1bf75172,
} as const;

/** What they have in place of calls of the kernel's functions. */
export const CALLS = {
  sessionIsReturn: 0x1bf75e55,
  sessionCookie: 0x1bf7c00c,
  rdonlyCast: 0x1bf7ca57,
} as const;

/** In place of the index of the function that a program is bound to: filled in each copy of the program. */
export const FUNCTION_INDEX = 0x1bf7c0de;

/** The upper half of all placeholders. */
const PREFIX = 0x1bf7;

/** Numbers, or BTF ids of functions, by the placeholder that they replace. */
export type Values = ReadonlyMap<number, number>;

/** Pairs each placeholder with the value of the same name, where there is one. */
export function byPlaceholder<Name extends string>(
  placeholders: Readonly<Record<Name, number>>,
  values: Readonly<Partial<Record<NoInfer<Name>, number>>>,
): Values {
  const pairs = Object.entries<number>(placeholders)
    .map(([name, placeholder]) => [placeholder, values[name as Name]] as const);
  return new Map(pairs.filter((pair): pair is [number, number] => pair[1] !== undefined));
}

/**
 * Replaces the placeholders in all code of the tracer's object by numbers and by calls of the kernel's
 * functions. (libbpf would compare the declarations of such functions with the kernel's, which differ from
 * one kernel to the next.) A placeholder without a value becomes 0: the code that it is for is never run.
 *
 * @param elf the object before anything of the user's is in it; changed in place
 */
export function fillPlaceholders(
  elf: Uint8Array<ArrayBuffer>,
  numbers: Values,
  calls: Values,
): void {
  const SHF_EXECINSTR = 4;
  const object = new ElfObject(elf, "the tracer");
  for (const section of object.sections) {
    if ((section.flags & SHF_EXECINSTR) === 0 || section.type === SectionType.nobits) continue;
    const code = elf.subarray(section.offset, section.offset + section.sizeBytes);
    forEachOperand(code, (at, operand) => {
      if (operand >>> 16 !== PREFIX || operand === FUNCTION_INDEX) return;
      const call = calls.get(operand);
      if (call !== undefined) {
        code[at] = CALL;
        code[at + INSTRUCTION.registers] = PSEUDO_KFUNC_CALL << 4;
      }
      setImmediate(code, at, call ?? numbers.get(operand) ?? 0);
    });
  }
}
