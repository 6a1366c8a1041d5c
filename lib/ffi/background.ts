/** Calls of libbpf that take the kernel long. They run on another thread. */
import { libbpf } from "./libbpf.ts";
import { cString } from "./memory.ts";

/**
 * Creates a map of type BPF_MAP_TYPE_RINGBUF.
 * @param name the name that `bpftool map` shows, of at most 15 characters
 * @param sizeBytes a power of two, at least a page
 * @returns the map's file descriptor, or a negative errno
 */
export async function createRing(name: string, sizeBytes: number): Promise<number> {
  const BPF_MAP_TYPE_RINGBUF = 27;
  // Keeps the buffer reachable: the garbage collector does not know that C uses it.
  const held = cString(name);
  try {
    return await libbpf().bpf_map_create(BPF_MAP_TYPE_RINGBUF, held, 0, 0, sizeBytes, null);
  } finally {
    held.at(0);
  }
}

/**
 * Puts a map into an array of maps. The kernel returns when all running programs have ended; several
 * calls at once wait no longer than one.
 * @returns 0 or a negative errno
 */
export async function setInnerMap(arrayFd: number, index: number, mapFd: number): Promise<number> {
  const held = [new Uint32Array([index]), new Uint32Array([mapFd])] as const;
  try {
    return await libbpf().bpf_map_update_elem(arrayFd, held[0], held[1], 0n);
  } finally {
    held.at(0);
  }
}

/** A program for `loadTracingProgram`, bound to one function of the kernel or of another program. */
export interface TracingProgram {
  /** The name that `bpftool prog` shows, of at most 15 characters. */
  readonly name: string;
  readonly instructions: Uint8Array<ArrayBuffer>;
  /** `enum bpf_attach_type`. */
  readonly expectedAttachType: number;
  /** Id of the function's FUNC in the BTF of vmlinux, of a module or of the program. */
  readonly attachBtfId: number;
  /** File descriptor of the module's BTF; 0 for vmlinux and for a program. */
  readonly attachBtfFd: number;
  /** File descriptor of the program that has the function; undefined for a function of the kernel. */
  readonly attachProgramFd?: number;
}

/**
 * Loads a BPF_PROG_TYPE_TRACING program. Its instructions must need no relocation.
 * @returns the program's file descriptor, or a negative errno
 */
export async function loadTracingProgram(program: TracingProgram): Promise<number> {
  const BPF_PROG_TYPE_TRACING = 26;
  // struct bpf_prog_load_opts of libbpf 1.1, up to and including attach_btf_obj_fd (bpf/bpf.h)
  const sizeBytes = 48;
  const options = new DataView(new ArrayBuffer(sizeBytes));
  options.setBigUint64(0, BigInt(sizeBytes), true);
  options.setUint32(12, program.expectedAttachType, true);
  options.setUint32(32, program.attachBtfId, true);
  options.setUint32(36, program.attachProgramFd ?? 0, true);
  options.setUint32(40, program.attachBtfFd, true);
  const { name, instructions } = program;
  // Keeps the buffers reachable: the garbage collector does not know that C uses them.
  const held = [cString(name), cString("Dual BSD/GPL"), instructions, options] as const;
  const [programName, license] = held;
  try {
    return await libbpf().bpf_prog_load(
      BPF_PROG_TYPE_TRACING,
      programName,
      license,
      instructions,
      BigInt(instructions.length / 8),
      options,
    );
  } finally {
    held.at(0);
  }
}
