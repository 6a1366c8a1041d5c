/**
 * Reads and writes files through the C library. Deno opens files in /proc and /sys only for a program with
 * all permissions (`--allow-all`), which the executable does not have.
 */
import { lastErrno } from "./libc.ts";
import { cString } from "./memory.ts";

const SYMBOLS = {
  closedir: { parameters: ["pointer"], result: "i32" },
  fclose: { parameters: ["pointer"], result: "i32" },
  ferror: { parameters: ["pointer"], result: "i32" },
  fopen: { parameters: ["buffer", "buffer"], result: "pointer" },
  fseek: { parameters: ["pointer", "i64", "i32"], result: "i32" },
  ftell: { parameters: ["pointer"], result: "i64" },
  fread: { parameters: ["buffer", "usize", "usize", "pointer"], result: "usize" },
  fread_in_background: {
    name: "fread",
    parameters: ["buffer", "usize", "usize", "pointer"],
    result: "usize",
    nonblocking: true,
  },
  fwrite: { parameters: ["buffer", "usize", "usize", "pointer"], result: "usize" },
  mkdir: { parameters: ["buffer", "u32"], result: "i32" },
  open: { parameters: ["buffer", "i32"], result: "i32" },
  opendir: { parameters: ["buffer"], result: "pointer" },
  readdir: { parameters: ["pointer"], result: "pointer" },
  rmdir: { parameters: ["buffer"], result: "i32" },
  rewind: { parameters: ["pointer"], result: "void" },
} as const;

const { symbols: libc } = Deno.dlopen("libc.so.6", SYMBOLS);

/** Initial buffer for a file of unknown size, like most files of the kernel. */
const SMALL_BYTES = 1 << 16;
/** The same for large files, such as symbol tables; memory that is not touched costs nothing. */
const LARGE_BYTES = 1 << 24;

/** Stands for any error of a background read, whose errno belongs to another thread. */
const EIO = 5;

/** Returns the content of a file, or a negated errno. */
export function readFileSync(path: string): Uint8Array<ArrayBuffer> | number {
  const file = open(path, "r");
  if (typeof file === "number") return file;
  let bytes = roomFor(file, SMALL_BYTES), length = 0;
  for (;;) {
    const room = bytes.subarray(length);
    length += Number(libc.fread(room, 1n, BigInt(room.length), file));
    if (length < bytes.length) return finish(file, bytes.subarray(0, length), lastErrno());
    bytes = doubled(bytes);
  }
}

/**
 * Returns the content of a large file, or a negated errno: EIO when reading fails. It is read in one call
 * on another thread, because a file of the kernel comes in thousands of small pieces.
 */
export async function readFile(path: string): Promise<Uint8Array<ArrayBuffer> | number> {
  const file = open(path, "r");
  if (typeof file === "number") return file;
  let bytes = roomFor(file, LARGE_BYTES), length = 0;
  for (;;) {
    const room = bytes.subarray(length);
    length += Number(await libc.fread_in_background(room, 1n, BigInt(room.length), file));
    if (length < bytes.length) return finish(file, bytes.subarray(0, length), EIO);
    bytes = doubled(bytes);
  }
}

/** Writes a file. Returns 0 or a negated errno. */
export function writeFileSync(path: string, bytes: Uint8Array): number {
  const file = open(path, "w");
  if (typeof file === "number") return file;
  const written = libc.fwrite(Uint8Array.from(bytes), 1n, BigInt(bytes.length), file);
  const isClosed = libc.fclose(file) === 0;
  return Number(written) === bytes.length && isClosed ? 0 : -lastErrno();
}

/** An entry of a directory. */
export interface DirectoryEntry {
  readonly name: string;
  readonly inode: bigint;
}

/** Returns the entries of a directory without `.` and `..`, or a negated errno. */
export function readDirSync(path: string): DirectoryEntry[] | number {
  const directory = libc.opendir(cString(path));
  if (directory === null) return -lastErrno();
  const INODE = 0, NAME = 19; // in struct dirent (readdir(3)), on x86-64
  const entries: DirectoryEntry[] = [];
  for (let entry = libc.readdir(directory); entry !== null; entry = libc.readdir(directory)) {
    const view = new Deno.UnsafePointerView(entry);
    entries.push({ name: view.getCString(NAME), inode: view.getBigUint64(INODE) });
  }
  libc.closedir(directory);
  return entries.filter(({ name }) => name !== "." && name !== "..");
}

/** Makes a directory that only its owner can enter (mkdir(2)). Returns 0 or a negated errno. */
export function makeDirectory(path: string): number {
  return libc.mkdir(cString(path), 0o700) === 0 ? 0 : -lastErrno();
}

/** Removes an empty directory (rmdir(2)). Returns 0 or a negated errno. */
export function removeDirectory(path: string): number {
  return libc.rmdir(cString(path)) === 0 ? 0 : -lastErrno();
}

/** Opens a directory. Returns its file descriptor, or a negated errno. */
export function openDirectory(path: string): number {
  const O_DIRECTORY = 0o200000, O_CLOEXEC = 0o2000000;
  const fd = libc.open(cString(path), O_DIRECTORY | O_CLOEXEC);
  return fd >= 0 ? fd : -lastErrno();
}

function open(path: string, mode: "r" | "w"): Deno.PointerObject | number {
  const CLOSE_ON_EXEC = "e";
  return libc.fopen(cString(path), cString(mode + CLOSE_ON_EXEC)) ?? -lastErrno();
}

/** Returns a buffer for a file and one more byte, so that one read sees its end. */
function roomFor(file: Deno.PointerObject, unknownBytes: number): Uint8Array<ArrayBuffer> {
  const SEEK_END = 2, DIRECTORY_BYTES = 2 ** 63; // what some file systems claim for a directory
  const size = libc.fseek(file, 0n, SEEK_END) === 0 ? Number(libc.ftell(file)) : 0;
  libc.rewind(file);
  return new Uint8Array(size > 0 && size < DIRECTORY_BYTES ? size + 1 : unknownBytes);
}

function finish(
  file: Deno.PointerObject,
  bytes: Uint8Array<ArrayBuffer>,
  errno: number,
): Uint8Array<ArrayBuffer> | number {
  const isBroken = libc.ferror(file) !== 0;
  libc.fclose(file);
  return isBroken ? -errno : bytes;
}

function doubled(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(bytes.length * 2);
  larger.set(bytes);
  return larger;
}
