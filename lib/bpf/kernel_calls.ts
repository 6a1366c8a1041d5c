import type { BtfIds } from "../kernel/btf_ids.ts";

/** *_PLACEHOLDER of record.h and tracer.bpf.c: of calls, and of ids that calls are given. */
const CALLS = {
  sessionIsReturn: 0x1bf75e55,
  sessionCookie: 0x1bf7c00c,
  rdonlyCast: 0x1bf7ca57,
} as const;
const SK_BUFF_ID = 0x1bf75b0f;

/** BPF_ALU64 | BPF_MOV | BPF_K, BPF_JMP | BPF_CALL (include/uapi/linux/bpf.h). */
const MOVE_IMMEDIATE = 0xb7, CALL = 0x85;

/** The source register of a call of the kernel's own functions. */
const PSEUDO_KFUNC_CALL = 2;

/** struct bpf_insn: u8 code, u8 registers, s16 off, s32 imm. */
const INSTRUCTION_BYTES = 8, REGISTERS = 1, IMMEDIATE = 4;

/**
 * Puts calls of the kernel's functions into a program, in place of the instructions that stand for them.
 * (libbpf would compare their declarations with the kernel's, which differ from one kernel to the
 * next.) Those that this kernel lacks stay: they are never run.
 * @param instructions changed in place
 */
export function insertKernelCalls(instructions: Uint8Array<ArrayBuffer>, ids: BtfIds): void {
  const calls = new Map<number, number | undefined>(
    Object.entries(CALLS).map(([name, placeholder]) => [placeholder, ids[name as keyof BtfIds]]),
  );
  const view = new DataView(instructions.buffer, instructions.byteOffset, instructions.byteLength);
  for (let at = 0; at < instructions.length; at += INSTRUCTION_BYTES) {
    if (instructions[at] !== MOVE_IMMEDIATE) continue;
    const placeholder = view.getInt32(at + IMMEDIATE, true);
    if (placeholder === SK_BUFF_ID) view.setInt32(at + IMMEDIATE, ids.skBuff ?? 0, true);
    const id = calls.get(placeholder);
    if (id === undefined) continue;
    instructions[at] = CALL;
    instructions[at + REGISTERS] = PSEUDO_KFUNC_CALL << 4;
    view.setInt32(at + IMMEDIATE, id, true);
  }
}
