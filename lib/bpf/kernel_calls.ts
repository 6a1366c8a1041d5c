import type { SessionFunctions } from "../kernel/session_functions.ts";

/** IS_RETURN_PLACEHOLDER and COOKIE_PLACEHOLDER in tracer.bpf.c. */
const IS_RETURN = 0x1bf75e55, COOKIE = 0x1bf7c00c;

/** BPF_ALU64 | BPF_MOV | BPF_K, BPF_JMP | BPF_CALL (include/uapi/linux/bpf.h). */
const MOVE_IMMEDIATE = 0xb7, CALL = 0x85;

/** The source register of a call of the kernel's own functions. */
const PSEUDO_KFUNC_CALL = 2;

/** struct bpf_insn: u8 code, u8 registers, s16 off, s32 imm. */
const INSTRUCTION_BYTES = 8, REGISTERS = 1, IMMEDIATE = 4;

/**
 * Puts the calls of the kernel's functions into a session program, in place of the instructions that
 * stand for them. (libbpf would compare their declarations with the kernel's, which differ from one
 * kernel to the next.)
 * @param instructions changed in place
 */
export function insertSessionCalls(
  instructions: Uint8Array<ArrayBuffer>,
  { isReturn, cookie }: SessionFunctions,
): void {
  const view = new DataView(instructions.buffer, instructions.byteOffset, instructions.byteLength);
  for (let at = 0; at < instructions.length; at += INSTRUCTION_BYTES) {
    if (instructions[at] !== MOVE_IMMEDIATE) continue;
    const placeholder = view.getInt32(at + IMMEDIATE, true);
    if (placeholder !== IS_RETURN && placeholder !== COOKIE) continue;
    instructions[at] = CALL;
    instructions[at + REGISTERS] = PSEUDO_KFUNC_CALL << 4;
    view.setInt32(at + IMMEDIATE, placeholder === COOKIE ? cookie : isReturn, true);
  }
}
