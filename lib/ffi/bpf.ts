/**
 * Commands of bpf(2) that libbpf 1.1 has no function for, or none that takes the newer arguments. Offsets
 * are those of `union bpf_attr` and the info structs in include/uapi/linux/bpf.h.
 */
import { addressOf } from "./memory.ts";
import { bpf, close } from "./libc.ts";

/** `enum bpf_cmd`. */
const MAP_UPDATE_ELEM = 2,
  OBJ_GET_INFO_BY_FD = 15,
  RAW_TRACEPOINT_OPEN = 17,
  BTF_GET_FD_BY_ID = 19,
  BTF_GET_NEXT_ID = 23,
  LINK_CREATE = 28;

/** `enum bpf_attach_type`. */
export const AttachType = {
  cgroupInetSockCreate: 2,
  traceFentry: 24,
  traceFexit: 25,
  perfEvent: 41,
  traceKprobeMulti: 42,
  traceKprobeSession: 56,
} as const;

/** The `enum bpf_attach_type` and flags of a kprobe-multi link, by when its program runs. */
const KPROBE_MULTI = {
  entry: { attachType: AttachType.traceKprobeMulti, flags: 0 },
  return: { attachType: AttachType.traceKprobeMulti, flags: 1 /* BPF_F_KPROBE_MULTI_RETURN */ },
  session: { attachType: AttachType.traceKprobeSession, flags: 0 },
} as const;

/** When the program of a kprobe-multi link runs; `session` is at both entry and return (Linux 6.10+). */
export type KprobeMultiPoint = keyof typeof KPROBE_MULTI;

/** A zeroed struct of `sizeBytes`, and setters for its members by byte offset. */
export class Struct {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;

  constructor(sizeBytes: number) {
    this.bytes = new Uint8Array(sizeBytes);
    this.view = new DataView(this.bytes.buffer);
  }

  u32(offset: number, value: number): this {
    this.view.setUint32(offset, value, true);
    return this;
  }

  u64(offset: number, value: bigint): this {
    this.view.setBigUint64(offset, value, true);
    return this;
  }

  pointer(offset: number, target: ArrayBufferView<ArrayBuffer>): this {
    return this.u64(offset, addressOf(target));
  }
}

/**
 * Attaches a program to many functions with one link (BPF_LINK_CREATE, Linux 5.18+ with CONFIG_FPROBE).
 * @param addresses the addresses of the functions' symbols; the kernel finds their ftrace locations
 * @returns the link's file descriptor, or the negated errno
 */
export function createKprobeMultiLink(
  programFd: number,
  point: KprobeMultiPoint,
  addresses: BigUint64Array<ArrayBuffer>,
): number {
  const { attachType, flags } = KPROBE_MULTI[point];
  const attr = new Struct(48)
    .u32(0, programFd)
    .u32(8, attachType)
    .u32(16, flags)
    .u32(20, addresses.length)
    .pointer(32, addresses);
  return bpf(LINK_CREATE, attr.bytes);
}

/**
 * Attaches a loaded program to the target of a file descriptor (BPF_LINK_CREATE): to a perf event (Linux
 * 5.15+), which the link keeps open, or, through the directory of a cgroup, to the creation of IP sockets
 * in it (5.7+).
 * @param attachType a value of `AttachType`
 * @returns the link's file descriptor, or the negated errno
 */
export function createLink(programFd: number, targetFd: number, attachType: number): number {
  const attr = new Struct(16).u32(0, programFd).u32(4, targetFd).u32(8, attachType);
  return bpf(LINK_CREATE, attr.bytes);
}

/**
 * Attaches a loaded fentry or fexit program to the function that it was loaded for (Linux 5.5+).
 * @returns the link's file descriptor, or the negated errno
 */
export function openTracingLink(programFd: number): number {
  return bpf(RAW_TRACEPOINT_OPEN, new Struct(16).u32(8, programFd).bytes);
}

/** Sets an element of a hash map whose keys and values are numbers. Returns 0 or the negated errno. */
export function updateElement(mapFd: number, key: bigint, value: bigint): number {
  // Keeps the buffers reachable: the garbage collector does not know that the kernel reads them.
  const held = [BigUint64Array.of(key), BigUint64Array.of(value)] as const;
  const attr = new Struct(32).u32(0, mapFd).pointer(8, held[0]).pointer(16, held[1]);
  const result = bpf(MAP_UPDATE_ELEM, attr.bytes);
  held.at(0);
  return result;
}

/** Fills `info` with what the kernel knows about `fd`. Returns the bytes written, or the negated errno. */
export function infoByFd(fd: number, info: Struct): number {
  const attr = new Struct(16).u32(0, fd).u32(4, info.bytes.length).pointer(8, info.bytes);
  const result = bpf(OBJ_GET_INFO_BY_FD, attr.bytes);
  return result < 0 ? result : attr.view.getUint32(4, true);
}

/**
 * Reads the u64 at `offset` of an info struct.
 * @param sizeBytes of the struct on the first kernel that has this counter
 * @returns undefined on older kernels
 */
function infoCounter(fd: number, offset: number, sizeBytes = offset + 8): number | undefined {
  const info = new Struct(sizeBytes);
  if (infoByFd(fd, info) < sizeBytes) return undefined;
  return Number(info.view.getBigUint64(offset, true));
}

/**
 * Counts the runs of a program that the kernel skipped because it was already running on that CPU. It
 * does so for fentry and fexit since 5.12, which was also the first to skip any. For kprobe and
 * kprobe-multi, which always skip, it has counted only since 6.7 (`trace_call_bpf` and
 * `kprobe_multi_link_prog_run`): there this says 0 before.
 */
export function programRecursionMisses(programFd: number): number | undefined {
  const bpf_prog_info_recursion_misses = 208;
  return infoCounter(programFd, bpf_prog_info_recursion_misses);
}

/** Size of `struct bpf_link_info` on Linux 6.7, where links, and the programs of kprobes, began to count. */
const LINK_INFO_BYTES = 56;

/** Counts the probe runs that never reached the program of a kprobe-multi link (Linux 6.7+). */
export function kprobeMultiMissed(linkFd: number): number | undefined {
  const bpf_link_info_kprobe_multi_missed = 32;
  return infoCounter(linkFd, bpf_link_info_kprobe_multi_missed, LINK_INFO_BYTES);
}

/** Counts the runs of a kprobe that never reached the program of its perf-event link (Linux 6.7+). */
export function kprobeMissed(linkFd: number): number | undefined {
  const bpf_link_info_perf_event_kprobe_missed = 48;
  return infoCounter(linkFd, bpf_link_info_perf_event_kprobe_missed, LINK_INFO_BYTES);
}

/**
 * Opens the kernel's own BTF objects (vmlinux and modules, Linux 5.11+) with these names, for programs
 * that attach to a module's function. Returns their file descriptors by name; the caller closes them.
 */
export function openKernelBtf(names: ReadonlySet<string>): Map<string, number> {
  const found = new Map<string, number>();
  const attr = new Struct(12);
  for (let id = 0; bpf(BTF_GET_NEXT_ID, attr.u32(0, id).bytes) >= 0;) {
    id = attr.view.getUint32(4, true);
    const fd = openBtf(id);
    if (fd < 0) continue; // unloaded meanwhile
    const name = kernelBtfName(fd);
    if (name !== undefined && names.has(name)) found.set(name, fd);
    else close(fd);
  }
  return found;
}

/** Opens a BTF object. Returns its file descriptor, or the negated errno. */
export function openBtf(id: number): number {
  return bpf(BTF_GET_FD_BY_ID, new Struct(12).u32(0, id).bytes);
}

/** Returns the name of a BTF object (`struct bpf_btf_info`); undefined for one that is not the kernel's. */
function kernelBtfName(fd: number): string | undefined {
  const MODULE_NAME_LEN = 64 - 8; // include/linux/module.h
  const name = new Uint8Array(MODULE_NAME_LEN);
  const info = new Struct(32).pointer(16, name).u32(24, name.length);
  if (infoByFd(fd, info) < 0 || info.view.getUint32(28, true) === 0) return undefined;
  return new TextDecoder().decode(name.subarray(0, name.indexOf(0)));
}
