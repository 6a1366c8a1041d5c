import { IpftError } from "../errors.ts";

/** FUNCTION_INDEX_PLACEHOLDER in tracer.bpf.c. */
const PLACEHOLDER = 0x1bf7c0de;

/** BPF_ALU64 | BPF_MOV | BPF_K: `dst = imm` (include/uapi/linux/bpf.h). */
const MOVE_IMMEDIATE = 0xb7;

/** BPF_LD | BPF_IMM | BPF_DW of a function: the source register, its upper half, is BPF_PSEUDO_FUNC. */
const LOAD_WIDE = 0x18, PSEUDO_FUNC = 4;

/** struct bpf_insn: u8 code, u8 registers, s16 off, s32 imm. */
const INSTRUCTION_BYTES = 8, REGISTERS = 1, IMMEDIATE = 4;

/** The relocated instructions of an fentry or fexit program, with a place for the function's index. */
export class FentryTemplate {
  readonly #instructions: Uint8Array<ArrayBuffer>;
  readonly #indexOffset: number;

  /** @throws IpftError when a module hands functions to helpers: copies of the program cannot */
  constructor(instructions: Uint8Array<ArrayBuffer>) {
    this.#instructions = instructions;
    const view = new DataView(instructions.buffer, instructions.byteOffset);
    if (handsOverFunctions(instructions)) {
      throw new IpftError(
        "the ftrace backend does not work with a module that hands functions to helpers like " +
          "bpf_loop or bpf_for_each_map_elem",
        "use --backend kprobe-multi or kprobe",
      );
    }
    for (let at = 0; at < instructions.length; at += INSTRUCTION_BYTES) {
      if (
        instructions[at] === MOVE_IMMEDIATE &&
        view.getInt32(at + IMMEDIATE, true) === PLACEHOLDER
      ) {
        this.#indexOffset = at + IMMEDIATE;
        return;
      }
    }
    throw new Error("no placeholder in the fentry program");
  }

  /** A copy of the instructions, for one function. */
  withFunctionIndex(functionIndex: number): Uint8Array<ArrayBuffer> {
    const copy = this.#instructions.slice();
    new DataView(copy.buffer).setInt32(this.#indexOffset, functionIndex, true);
    return copy;
  }
}

/** Such a program needs BTF of its own, which the copies don't have. */
function handsOverFunctions(instructions: Uint8Array): boolean {
  for (let at = 0; at < instructions.length; at += INSTRUCTION_BYTES) {
    if (instructions[at] !== LOAD_WIDE) continue;
    if (instructions[at + REGISTERS] >>> 4 === PSEUDO_FUNC) return true;
    at += INSTRUCTION_BYTES; // the other half of the number
  }
  return false;
}
