/** The BPF programs that the kernel has, whoever loaded them. */
import { infoByFd, openBtf, Struct } from "./bpf.ts";
import { bpf, close } from "./libc.ts";

/** `enum bpf_cmd`. */
const PROG_GET_NEXT_ID = 11, PROG_GET_FD_BY_ID = 13;

/** Iterates over the ids of all loaded programs. */
export function* programIds(): Generator<number, undefined> {
  const attr = new Struct(12);
  for (let id = 0; bpf(PROG_GET_NEXT_ID, attr.u32(0, id).bytes) >= 0;) {
    id = attr.view.getUint32(4, true);
    yield id;
  }
}

/** Opens a program. Returns its file descriptor, or the negated errno: it may be unloaded by now. */
export function openProgram(id: number): number {
  return bpf(PROG_GET_FD_BY_ID, new Struct(12).u32(0, id).bytes);
}

/** What the kernel says of a program: parts of `struct bpf_prog_info`. */
export interface ProgramInfo {
  readonly id: number;
  /** `enum bpf_prog_type`. */
  readonly type: number;
  /** At most 15 characters of its name. */
  readonly name: string;
  /** Id of its BTF object; 0 without one. */
  readonly btfId: number;
  /** Id of its main function's FUNC in this BTF; 0 if the kernel does not know it. */
  readonly mainFunction: number;
}

/** Of `struct bpf_prog_info`, up to what is read here. */
const PROG_INFO_BYTES = 208;

/** Size of `struct bpf_func_info`, and its members. */
const FUNC_INFO_BYTES = 8, bpf_func_info_insn_off = 0, bpf_func_info_type_id = 4;

/** Reads what the kernel says of a program; undefined if it says nothing. */
export function programInfo(programFd: number): ProgramInfo | undefined {
  const firstFunction = new Uint8Array(FUNC_INFO_BYTES);
  const info = new Struct(PROG_INFO_BYTES)
    .u32(132, FUNC_INFO_BYTES)
    .pointer(136, firstFunction)
    .u32(144, 1);
  return infoByFd(programFd, info) < 0 ? undefined : parseProgramInfo(info.bytes, firstFunction);
}

/**
 * Reads a `struct bpf_prog_info`.
 * @param firstFunction the `struct bpf_func_info` that it points to
 */
export function parseProgramInfo(info: Uint8Array, firstFunction: Uint8Array): ProgramInfo {
  const BPF_OBJ_NAME_LEN = 16;
  const view = new DataView(info.buffer, info.byteOffset, info.byteLength);
  const name = info.subarray(64, 64 + BPF_OBJ_NAME_LEN);
  const end = name.indexOf(0);
  const first = new DataView(firstFunction.buffer, firstFunction.byteOffset, FUNC_INFO_BYTES);
  const isMain = view.getUint32(144, true) > 0 &&
    first.getUint32(bpf_func_info_insn_off, true) === 0;
  return {
    type: view.getUint32(0, true),
    id: view.getUint32(4, true),
    name: new TextDecoder().decode(end < 0 ? name : name.subarray(0, end)),
    btfId: view.getUint32(128, true),
    mainFunction: isMain ? first.getUint32(bpf_func_info_type_id, true) : 0,
  };
}

/** Reads a BTF object; undefined if the kernel does not show it. */
export function readBtf(id: number): Uint8Array | undefined {
  const fd = openBtf(id);
  if (fd < 0) return undefined;
  try {
    const size = new Struct(16);
    if (infoByFd(fd, size) < 0) return undefined;
    const bytes = new Uint8Array(size.view.getUint32(8, true));
    const info = new Struct(16).pointer(0, bytes).u32(8, bytes.length);
    return infoByFd(fd, info) < 0 ? undefined : bytes;
  } finally {
    close(fd);
  }
}
