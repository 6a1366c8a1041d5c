/**
 * `struct bpf_insn`: u8 code, u8 registers (the destination's number in the lower half), s16 offset, s32
 * immediate (include/uapi/linux/bpf.h).
 */
export const INSTRUCTION = { registers: 1, offset: 2, immediate: 4, sizeBytes: 8 } as const;

/** Codes, and values of the source register that say more about them (BPF_PSEUDO_*). */
export const CALL = 0x85, PSEUDO_KFUNC_CALL = 2, LOAD_WIDE = 0x18, PSEUDO_FUNC = 4;

/** `r0 = atomic_fetch_add((u32 *)(r1 + 0), r0)`: BPF_STX | BPF_W | BPF_ATOMIC with BPF_ADD | BPF_FETCH. */
export const ATOMIC_FETCH_ADD = [0xc3, 0x01, 0, 0, 0x01, 0, 0, 0] as const;

/** BPF_CLASS: the lowest three bits of a code. BPF_X: the operand is a register. */
const CLASS = 7, ALU = 4, JMP32 = 6, ALU64 = 7, BPF_X = 8;
const CLASSES_WITH_OPERAND: readonly number[] = [ALU, ALU64, JMP32];

/**
 * Visits the instructions that move an immediate, calculate with one, or compare 32 bits with one (BPF_ALU,
 * BPF_ALU64 and BPF_JMP32 with BPF_K).
 * @param found called with the byte offset of each, and its immediate
 */
export function forEachOperand(
  instructions: Uint8Array<ArrayBuffer>,
  found: (at: number, operand: number) => void,
): void {
  const view = viewOf(instructions);
  for (let at = 0; at < instructions.length; at += INSTRUCTION.sizeBytes) {
    const code = instructions[at];
    if (!CLASSES_WITH_OPERAND.includes(code & CLASS) || (code & BPF_X) !== 0) continue;
    found(at, view.getInt32(at + INSTRUCTION.immediate, true));
  }
}

/** Gives the instruction at `at` another immediate: 32 bits, signed or not. */
export function setImmediate(
  instructions: Uint8Array<ArrayBuffer>,
  at: number,
  immediate: number,
): void {
  viewOf(instructions).setInt32(at + INSTRUCTION.immediate, immediate, true);
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
