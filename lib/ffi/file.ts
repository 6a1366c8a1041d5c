/**
 * Files as the C library reads them. Deno opens what is in /proc and /sys only for a program that may do
 * everything (`--allow-all`), which ipft as an executable may not.
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

/** Room for a file whose size nobody knows before, as most of the kernel's. */
const SMALL_BYTES = 1 << 16;
/** The same for its tables of symbols; memory that is not used costs nothing. */
const LARGE_BYTES = 1 << 24;

/** Stands for whatever made reading in the background fail: its errno is that of another thread. */
const EIO = 5;

/** The content of a file, or a negated errno. */
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
 * The content of a large file, or a negated errno. It is read on another thread in one call, because a
 * file of the kernel comes in thousands of small pieces.
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

/** What a folder says of a file. */
export interface FolderEntry {
  readonly name: string;
  readonly inode: bigint;
}

/** The entries of a folder, but not `.` and `..`; or a negated errno. */
export function readDirSync(path: string): FolderEntry[] | number {
  const folder = libc.opendir(cString(path));
  if (folder === null) return -lastErrno();
  const INODE = 0, NAME = 19; // in struct dirent (readdir(3)), on x86-64
  const entries: FolderEntry[] = [];
  for (let entry = libc.readdir(folder); entry !== null; entry = libc.readdir(folder)) {
    const view = new Deno.UnsafePointerView(entry);
    entries.push({ name: view.getCString(NAME), inode: view.getBigUint64(INODE) });
  }
  libc.closedir(folder);
  return entries.filter(({ name }) => name !== "." && name !== "..");
}

/** mkdir(2), for the owner alone. Returns 0 or a negated errno. */
export function makeFolder(path: string): number {
  return libc.mkdir(cString(path), 0o700) === 0 ? 0 : -lastErrno();
}

/** rmdir(2). Returns 0 or a negated errno. */
export function removeFolder(path: string): number {
  return libc.rmdir(cString(path)) === 0 ? 0 : -lastErrno();
}

/** The file descriptor of a folder, or a negated errno. */
export function openFolder(path: string): number {
  const O_DIRECTORY = 0o200000, O_CLOEXEC = 0o2000000;
  const fd = libc.open(cString(path), O_DIRECTORY | O_CLOEXEC);
  return fd >= 0 ? fd : -lastErrno();
}

function open(path: string, mode: "r" | "w"): Deno.PointerObject | number {
  const CLOSE_ON_EXEC = "e";
  return libc.fopen(cString(path), cString(mode + CLOSE_ON_EXEC)) ?? -lastErrno();
}

/** Room for a file and one byte more, so that a read sees its end. */
function roomFor(file: Deno.PointerObject, unknownBytes: number): Uint8Array<ArrayBuffer> {
  const SEEK_END = 2, FOLDER_BYTES = 2 ** 63; // some file systems say so
  const size = libc.fseek(file, 0n, SEEK_END) === 0 ? Number(libc.ftell(file)) : 0;
  libc.rewind(file);
  return new Uint8Array(size > 0 && size < FOLDER_BYTES ? size + 1 : unknownBytes);
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
