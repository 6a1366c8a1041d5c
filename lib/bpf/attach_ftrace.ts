import { IpftError } from "../errors.ts";
import { AttachType, openKernelBtf, openTracingLink, programRecursionMisses } from "../ffi/bpf.ts";
import { close } from "../ffi/libc.ts";
import { loadTracingProgram } from "../ffi/libbpf.ts";
import { type Attachment, FileDescriptors, sumKnown } from "./attachment.ts";
import { attachOneByOne, type TakeTurn } from "./one_by_one.ts";
import type { Tracer } from "./tracer.ts";

/** FUNCTION_INDEX_PLACEHOLDER in tracer.bpf.c. */
const PLACEHOLDER = 0x1bf7c0de;

/** BPF_ALU64 | BPF_MOV | BPF_K: `dst = imm` (include/uapi/linux/bpf.h). */
const MOVE_IMMEDIATE = 0xb7;

/** BPF_LD | BPF_IMM | BPF_DW of a function: the source register, its upper half, is BPF_PSEUDO_FUNC. */
const LOAD_WIDE = 0x18, PSEUDO_FUNC = 4;

/** struct bpf_insn: u8 code, u8 registers, s16 off, s32 imm. */
const INSTRUCTION_BYTES = 8, REGISTERS = 1, IMMEDIATE = 4;

const EINVAL = 22;

/** What of a function an fentry program needs to know. */
export interface TracingTarget {
  readonly module: string;
  readonly skbPosition: number;
  /** Id of the FUNC type in the BTF of `module`. */
  readonly btfId: number;
}

/**
 * Attaches with one fentry program per function (Linux 5.5+ with direct ftrace calls). The kernel
 * binds such a program to its function when it is loaded, so each function gets a copy of the program
 * for its position, with its own index written into it.
 *
 * @throws IpftError when a module hands functions to helpers; what `takeTurn` rejects with
 */
export async function attachFtrace(
  tracer: Tracer,
  functions: readonly TracingTarget[],
  takeTurn: TakeTurn,
): Promise<Attachment> {
  const templates = new Map<number, Template>();
  for (const { skbPosition } of functions) {
    const program = tracer.program(skbPosition);
    if (templates.has(skbPosition) || program.fd < 0) continue;
    templates.set(skbPosition, new Template(program.instructions()));
  }
  const btfFds = openKernelBtf(new Set(functions.map(({ module }) => module)));
  const programs = new FileDescriptors();
  const attachOne = ({ module, btfId, skbPosition }: TracingTarget, index: number) => {
    const template = templates.get(skbPosition);
    if (!template) return -EINVAL; // so the kernel said to each function of this position
    const program = loadTracingProgram({
      name: "ipft_fentry",
      instructions: template.withFunctionIndex(index),
      expectedAttachType: AttachType.traceFentry,
      attachBtfId: btfId,
      attachBtfFd: module === "vmlinux" ? 0 : btfFds.get(module) ?? 0,
    });
    if (program < 0) return program;
    programs.add(program);
    return openTracingLink(program);
  };
  try {
    const { links, refused } = await attachOneByOne(functions, attachOne, takeTurn);
    return {
      refused,
      missed: () => sumKnown(Array.from(programs, programRecursionMisses)),
      [Symbol.dispose]: () => {
        links[Symbol.dispose]();
        programs[Symbol.dispose]();
      },
    };
  } catch (error) {
    programs[Symbol.dispose]();
    throw error;
  } finally {
    for (const fd of btfFds.values()) close(fd);
  }
}

/** The relocated instructions of an fentry program, with a place for the function's index. */
class Template {
  readonly #instructions: Uint8Array<ArrayBuffer>;
  readonly #view: DataView<ArrayBuffer>;
  readonly #indexOffset: number;

  /** @throws IpftError when the copies would lack something that the program needs */
  constructor(instructions: Uint8Array<ArrayBuffer>) {
    this.#instructions = instructions;
    this.#view = new DataView(instructions.buffer);
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
        this.#view.getInt32(at + IMMEDIATE, true) === PLACEHOLDER
      ) {
        this.#indexOffset = at + IMMEDIATE;
        return;
      }
    }
    throw new Error("no placeholder in the fentry program");
  }

  /** The instructions for one function; valid until the next call. */
  withFunctionIndex(functionIndex: number): Uint8Array<ArrayBuffer> {
    this.#view.setInt32(this.#indexOffset, functionIndex, true);
    return this.#instructions;
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
