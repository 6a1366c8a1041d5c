import type { BtfIds } from "../kernel/btf_ids.ts";
import {
  CALL,
  forEachOperand,
  INSTRUCTION,
  PSEUDO_KFUNC_CALL,
  setImmediate,
} from "./instruction.ts";

/** Numbers that are known before the programs are loaded, each a u32. */
export interface ProgramNumbers {
  /** Only bits that the mask has. */
  readonly wantedMark: number;
  readonly markMask: number;
  /** Of the function table's hash. */
  readonly hashShift: number;
  /** How many: a power of two. */
  readonly rings: number;
}

/** *_PLACEHOLDER of mark.h, record.h and tracer.bpf.c. */
const NUMBERS = {
  wantedMark: 0x1bf73a2c,
  markMask: 0x1bf73a5c,
  hashShift: 0x1bf75417,
  rings: 0x1bf7417c,
} as const;
const CAN_CAST = 0x1bf7ca5e, SK_BUFF_ID = 0x1bf75b0f;
const CALLS = {
  sessionIsReturn: 0x1bf75e55,
  sessionCookie: 0x1bf7c00c,
  rdonlyCast: 0x1bf7ca57,
} as const;

/**
 * Puts what is known into a program, in place of the instructions and numbers that stand for it:
 * numbers, and calls of the kernel's functions by their ids. (libbpf would compare the declarations of
 * such functions with the kernel's, which differ from one kernel to the next.) Calls of those that
 * this kernel lacks stay as they are: they are never run.
 * @param instructions changed in place
 */
export function fillPlaceholders(
  instructions: Uint8Array<ArrayBuffer>,
  numbers: ProgramNumbers,
  ids: BtfIds,
): void {
  const { rdonlyCast, skBuff } = ids;
  const values = new Map([
    ...byPlaceholder(NUMBERS, numbers),
    [CAN_CAST, rdonlyCast && skBuff ? 1 : 0],
    [SK_BUFF_ID, skBuff ?? 0],
  ]);
  const calls = new Map(byPlaceholder(CALLS, ids));
  forEachOperand(instructions, (at, operand) => {
    const value = values.get(operand), id = calls.get(operand);
    if (value !== undefined) setImmediate(instructions, at, value);
    if (id === undefined) return;
    instructions[at] = CALL;
    instructions[at + INSTRUCTION.registers] = PSEUDO_KFUNC_CALL << 4;
    setImmediate(instructions, at, id);
  });
}

function byPlaceholder<Name extends string>(
  placeholders: Readonly<Record<Name, number>>,
  values: Readonly<Partial<Record<NoInfer<Name>, number>>>,
): [number, number | undefined][] {
  return Object.entries<number>(placeholders)
    .map(([name, placeholder]) => [placeholder, values[name as Name]]);
}
