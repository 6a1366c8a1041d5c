/**
 * Reads and writes file descriptors. Deno opens files in /dev, /proc and /sys only for a program with all
 * permissions (`--allow-all`), which the executable does not have.
 */
import { lastErrno } from "./libc.ts";
import { cString } from "./memory.ts";

const { symbols: libc } = Deno.dlopen("libc.so.6", {
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  fsync: { parameters: ["i32"], result: "i32", nonblocking: true },
  isatty: { parameters: ["i32"], result: "i32" },
  open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32" },
  poll_in_background: {
    name: "poll",
    parameters: ["buffer", "u64", "i32"],
    result: "i32",
    nonblocking: true,
  },
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  write_in_background: {
    name: "write",
    parameters: ["i32", "buffer", "usize"],
    result: "isize",
    nonblocking: true,
  },
});

/** Flags of open(2) on x86-64. Descriptors are never inherited (O_CLOEXEC). */
export const Open = {
  read: 0,
  write: 1,
  create: 0o100,
  /** Fails when there is such a file. */
  exclusive: 0o200,
  nonBlocking: 0o4000,
  /** A file without a name in the directory that is named. */
  temporary: 0o20200000,
} as const;

/** For poll(2). */
const POLLIN = 1, POLLOUT = 4;

const EINTR = 4, EIO = 5, EAGAIN = 11;

/** Opens a file. Returns its descriptor, or a negated errno. */
export function open(path: string, flags: number, mode = 0o666): number {
  const O_NOCTTY = 0o400, O_CLOEXEC = 0o2000000;
  const fd = libc.open(cString(path), flags | O_NOCTTY | O_CLOEXEC, mode);
  return fd >= 0 ? fd : -lastErrno();
}

/** Lets reads and writes wait again after an opening that did not. */
export function makeBlocking(fd: number): void {
  const F_GETFL = 3, F_SETFL = 4;
  libc.fcntl(fd, F_SETFL, libc.fcntl(fd, F_GETFL, 0) & ~Open.nonBlocking);
}

/** Reports whether a descriptor is a terminal. */
export function isTerminal(fd: number): boolean {
  return libc.isatty(fd) === 1;
}

/** Reads once. Returns how many bytes came, 0 at the end, or a negated errno. */
export function readOnce(fd: number, room: Uint8Array<ArrayBuffer>): number {
  const count = Number(libc.read(fd, room, BigInt(room.length)));
  return count >= 0 ? count : -lastErrno();
}

/** Waits on another thread until something can be read, the writer is gone, or `timeoutMs` have passed. */
export function waitForInput(fd: number, timeoutMs: number): Promise<number> {
  return libc.poll_in_background(new Int32Array([fd, POLLIN]), 1n, timeoutMs);
}

/** Reports whether a short text can be written without waiting: a terminal may have been stopped (Ctrl-S). */
export function hasRoom(fd: number): boolean {
  return libc.poll(new Int32Array([fd, POLLOUT]), 1n, 0) !== 0;
}

/** Writes all bytes, on another thread. Returns 0 or a negated errno. */
export async function writeAll(fd: number, bytes: Uint8Array): Promise<number> {
  for (let written = 0; written < bytes.length;) {
    const rest = bytes.subarray(written) as Uint8Array<ArrayBuffer>;
    const size = BigInt(rest.length);
    let count = Number(await libc.write_in_background(fd, rest, size));
    if (count < 0) {
      // The errno was that of the other thread. What has failed fails here again.
      count = Number(libc.write(fd, rest, size));
      const errno = count < 0 ? lastErrno() : 0;
      if (errno === EAGAIN) await waitForRoom(fd);
      else if (errno !== 0 && errno !== EINTR) return -errno;
    }
    written += Math.max(0, count);
  }
  return 0;
}

/** Waits on another thread: whoever started ipft may have made the descriptor non-blocking. */
async function waitForRoom(fd: number): Promise<void> {
  const TIMEOUT_MS = 1000;
  await libc.poll_in_background(new Int32Array([fd, POLLOUT]), 1n, TIMEOUT_MS);
}

/** Waits on another thread until the disk has everything. Returns 0 or a negated errno: EIO for any. */
export async function sync(fd: number): Promise<number> {
  return await libc.fsync(fd) === 0 ? 0 : -EIO;
}
