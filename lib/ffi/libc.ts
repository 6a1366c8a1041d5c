/**
 * Calls glibc on x86-64 Linux, for the system calls that Deno does not offer.
 *
 * `errno` is read from this thread's location right after a call, before anything else can run on it.
 */
import { errnoText, IpftError } from "../base/errors.ts";
import { addressOf, cString, memoryAt } from "./memory.ts";

const { symbols: libc } = Deno.dlopen("libc.so.6", {
  __errno_location: { parameters: [], result: "pointer" },
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
  munmap: { parameters: ["pointer", "usize"], result: "i32" },
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32" },
  poll_in_background: {
    name: "poll",
    parameters: ["buffer", "u64", "i32"],
    result: "i32",
    nonblocking: true,
  },
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  syscall: { parameters: ["i64", "u64", "u64", "u64", "u64", "u64"], result: "i64" },
  vsnprintf: { parameters: ["buffer", "usize", "pointer", "pointer"], result: "i32" },
});

const errnoLocation = new Int32Array(memoryAt(libc.__errno_location()!, 4));

/** System call numbers of x86-64 (arch/x86/entry/syscalls/syscall_64.tbl). */
const SYS_IOCTL = 16, SYS_BPF = 321;

/** Returns the `errno` of the last call on this thread. */
export function lastErrno(): number {
  return errnoLocation[0];
}

/** Makes a system call. Returns its result or the negated errno, such as -2 for ENOENT; never throws. */
export function systemCall(number: number, ...args: (number | bigint)[]): number {
  const word = (i: number) => BigInt.asUintN(64, BigInt(args[i] ?? 0));
  const result = libc.syscall(BigInt(number), word(0), word(1), word(2), word(3), word(4));
  return result === -1n ? -errnoLocation[0] : Number(result);
}

/**
 * Runs a command of bpf(2).
 * @param command an `enum bpf_cmd` of linux/bpf.h
 * @param attr a `union bpf_attr` of any length; the kernel takes the rest to be zero
 * @returns what the command returns, or the negated errno
 */
export function bpf(command: number, attr: Uint8Array<ArrayBuffer>): number {
  return systemCall(SYS_BPF, command, addressOf(attr), attr.byteLength);
}

/** Makes an ioctl(2) with an integer argument. Returns its result or the negated errno. */
export function ioctl(fd: number, request: number, argument: number): number {
  return systemCall(SYS_IOCTL, fd, request, argument);
}

/** Closes a file descriptor, which is how links and programs leave the kernel. Errors are ignored. */
export function close(fd: number): void {
  libc.close(fd);
}

/** Returns CLOCK_MONOTONIC in ns, the clock of `bpf_ktime_get_ns`. */
export function monotonicNs(): bigint {
  const CLOCK_MONOTONIC = 1;
  const timespec = new BigInt64Array(2);
  libc.clock_gettime(CLOCK_MONOTONIC, timespec);
  return timespec[0] * 1_000_000_000n + timespec[1];
}

/** Reports whether the read end of the pipe `fd` has been closed. */
export function isReaderGone(fd: number): boolean {
  // struct pollfd { int fd; short events; short revents; }; POLLERR is reported without being requested.
  const POLLERR = 8;
  const pollfd = new Int32Array([fd, 0]);
  return libc.poll(pollfd, 1n, 0) > 0 && ((pollfd[1] >>> 16) & POLLERR) !== 0;
}

/** Waits until a write to `fd` does not wait, or fails at once. Returns whether it came to that in time. */
export function waitForRoom(fd: number, timeoutMs: number): boolean {
  const POLLOUT = 4;
  return libc.poll(new Int32Array([fd, POLLOUT]), 1n, timeoutMs) > 0;
}

/**
 * Waits on another thread until one of `fds` is readable, the reader of one of `pipeFds` is gone, or
 * `timeoutMs` have passed.
 */
export async function waitForAny(
  fds: readonly number[],
  pipeFds: readonly number[],
  timeoutMs: number,
): Promise<void> {
  const POLLIN = 1;
  const pollfds = new Int32Array([
    ...fds.flatMap((fd) => [fd, POLLIN]),
    ...pipeFds.flatMap((fd) => [fd, 0]),
  ]);
  await libc.poll_in_background(pollfds, BigInt(pollfds.length / 2), timeoutMs);
}

/** Memory mapped from a file descriptor; unmapped when disposed. */
export class Mapping implements Disposable {
  readonly #pointer: Deno.PointerObject;
  /** The mapped memory. Do not touch it after disposal. */
  readonly memory: ArrayBuffer;

  /**
   * Maps `sizeBytes` of `fd`, shared.
   * @param offsetBytes where to begin: a multiple of the page size
   * @throws IpftError when the kernel refuses
   */
  constructor(fd: number, offsetBytes: number, sizeBytes: number, access: "read" | "read-write") {
    const PROT_READ = 1, PROT_WRITE = 2, MAP_SHARED = 1, MAP_FAILED = 2n ** 64n - 1n;
    const protection = access === "read" ? PROT_READ : PROT_READ | PROT_WRITE;
    const size = BigInt(sizeBytes);
    const pointer = libc.mmap(null, size, protection, MAP_SHARED, fd, BigInt(offsetBytes));
    if (pointer === null || Deno.UnsafePointer.value(pointer) === MAP_FAILED) {
      throw new IpftError(`cannot map ${sizeBytes} bytes: ${errnoText(errnoLocation[0])}`);
    }
    this.#pointer = pointer;
    this.memory = memoryAt(pointer, sizeBytes);
  }

  [Symbol.dispose](): void {
    libc.munmap(this.#pointer, BigInt(this.memory.byteLength));
  }
}

/**
 * Raises the limit of open files to `files`, which root may do. On failure the old limit stays, and opening
 * a file beyond it fails.
 */
export function raiseFileLimit(files: number): void {
  const RLIMIT_NOFILE = 7;
  const [soft, hard] = [0, 1], limit = new BigUint64Array(2); // struct rlimit
  if (libc.getrlimit(RLIMIT_NOFILE, limit) !== 0 || limit[soft] >= files) return;
  limit[soft] = BigInt(files);
  if (limit[hard] < limit[soft]) limit[hard] = limit[soft];
  libc.setrlimit(RLIMIT_NOFILE, limit);
}

/**
 * Mounts a kernel file system, such as `tracefs`, where no path leads to: it is gone when the descriptor is
 * closed, however this process ends.
 * @returns a file descriptor of its root directory, or the negated errno
 */
export function mountDetached(type: string): number {
  const SYS_FSOPEN = 430, SYS_FSCONFIG = 431, SYS_FSMOUNT = 432;
  const FSOPEN_CLOEXEC = 1, FSCONFIG_CMD_CREATE = 6, FSMOUNT_CLOEXEC = 1;
  const name = cString(type);
  const context = systemCall(SYS_FSOPEN, addressOf(name), FSOPEN_CLOEXEC);
  name.at(0); // keeps it reachable
  if (context < 0) return context;
  const created = systemCall(SYS_FSCONFIG, context, FSCONFIG_CMD_CREATE);
  const root = created < 0 ? created : systemCall(SYS_FSMOUNT, context, FSMOUNT_CLOEXEC);
  libc.close(context);
  return root;
}

/** Formats a printf format with its `va_list`. Text beyond 64 KiB is cut off. */
export function vsnprintf(format: Deno.PointerValue, args: Deno.PointerValue): string {
  const length = libc.vsnprintf(formatBuffer, BigInt(formatBuffer.length), format, args);
  return new TextDecoder().decode(
    formatBuffer.subarray(0, Math.max(0, Math.min(length, formatBuffer.length - 1))),
  );
}

const formatBuffer = new Uint8Array(1 << 16);
