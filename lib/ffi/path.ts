/** Looks at files that the user names and changes their names. Functions return a negated errno on failure. */
import { lastErrno } from "./libc.ts";
import { cString } from "./memory.ts";

const { symbols: libc } = Deno.dlopen("libc.so.6", {
  access: { parameters: ["buffer", "i32"], result: "i32" },
  fchmod: { parameters: ["i32", "u32"], result: "i32" },
  fchown: { parameters: ["i32", "u32", "u32"], result: "i32" },
  ftruncate: { parameters: ["i32", "i64"], result: "i32" },
  linkat: { parameters: ["i32", "buffer", "i32", "buffer", "i32"], result: "i32" },
  readlink: { parameters: ["buffer", "buffer", "usize"], result: "isize" },
  rename: { parameters: ["buffer", "buffer"], result: "i32" },
  statx: { parameters: ["i32", "buffer", "i32", "u32", "buffer"], result: "i32" },
  unlink: { parameters: ["buffer"], result: "i32" },
});

/** For the first argument of functions that take a path relative to a descriptor. */
const AT_FDCWD = -100;

/** What statx(2) says about a file. */
export interface FileStatus {
  readonly kind: "file" | "directory" | "pipe" | "other";
  /** Its device and inode: equal for all names of one file. */
  readonly id: string;
  /** The device of its file system: major and minor number. */
  readonly device: string;
  readonly inode: bigint;
  /** Permissions, with setuid, setgid and sticky. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** How many names it has. */
  readonly links: number;
  /** Whether something is mounted there, such as a single file in a container. */
  readonly isMountPoint: boolean;
  /** Whether `chattr +a` or `+i` protects it, even from root. */
  readonly isProtected: boolean;
}

/** @param file a path, whose symbolic links are followed, or a descriptor */
export function fileStatus(file: string | number): FileStatus | number {
  const AT_EMPTY_PATH = 0x1000, STATX_BASIC_STATS = 0x7ff, SIZE_BYTES = 256;
  const buffer = new Uint8Array(SIZE_BYTES);
  const [fd, path, flags] = typeof file === "string"
    ? [AT_FDCWD, file, 0]
    : [file, "", AT_EMPTY_PATH];
  if (libc.statx(fd, cString(path), flags, STATX_BASIC_STATS, buffer) !== 0) return -lastErrno();
  // struct statx (linux/stat.h)
  const view = new DataView(buffer.buffer);
  const word = (offset: number) => view.getUint32(offset, true);
  const mode = view.getUint16(28, true), attributes = word(8);
  const device = `${word(136)}:${word(140)}`, inode = view.getBigUint64(32, true);
  const STATX_ATTR_IMMUTABLE = 0x10, STATX_ATTR_APPEND = 0x20, STATX_ATTR_MOUNT_ROOT = 0x2000;
  return {
    kind: KINDS[mode >>> 12] ?? "other",
    id: `${device}:${inode}`,
    device,
    inode,
    mode: mode & 0o7777,
    uid: word(20),
    gid: word(24),
    links: word(16),
    isMountPoint: (attributes & STATX_ATTR_MOUNT_ROOT) !== 0,
    isProtected: (attributes & (STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND)) !== 0,
  };
}

/** By the type in `st_mode` (linux/stat.h). */
const KINDS: Readonly<Record<number, FileStatus["kind"]>> = {
  8: "file",
  4: "directory",
  1: "pipe",
};

/** Returns 0 when this user may read or write a file. Whoever may write a directory may make files in it. */
export function checkAccess(path: string, access: "read" | "write"): number {
  const R_OK = 4, W_OK = 2;
  return libc.access(cString(path), access === "read" ? R_OK : W_OK) === 0 ? 0 : -lastErrno();
}

/**
 * Follows a path that is a symbolic link to where it points, which need not exist. EILSEQ when that name is
 * not UTF-8.
 */
export function followLinks(path: string): string | number {
  const LEVELS = 40, ELOOP = 40; // as many levels as the kernel (MAXSYMLINKS)
  for (let level = 0; level < LEVELS; level++) {
    const target = readLink(path);
    if (target === -EILSEQ) return target;
    if (typeof target === "number") return path;
    path = target.startsWith("/") ? target : `${directoryOf(path)}/${target}`;
  }
  return -ELOOP;
}

const EILSEQ = 84;

/** Returns where a symbolic link points. EILSEQ when that name is not UTF-8. */
export function readLink(path: string): string | number {
  const buffer = new Uint8Array(4096), decoder = new TextDecoder("utf-8", { fatal: true });
  const size = Number(libc.readlink(cString(path), buffer, BigInt(buffer.length)));
  if (size < 0) return -lastErrno();
  try {
    return decoder.decode(buffer.subarray(0, size));
  } catch {
    return -EILSEQ;
  }
}

/** Returns the directory that a path is in. Symbolic links in it keep their meaning. */
export function directoryOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "." : path.slice(0, slash) || "/";
}

/** Gives the open file without a name (`Open.temporary`) a name. */
export function linkOpenFile(fd: number, path: string): number {
  const AT_SYMLINK_FOLLOW = 0x400, link = cString(`/proc/self/fd/${fd}`);
  const result = libc.linkat(AT_FDCWD, link, AT_FDCWD, cString(path), AT_SYMLINK_FOLLOW);
  return result === 0 ? 0 : -lastErrno();
}

/** Gives a file another name, whose own file goes away. */
export function rename(from: string, to: string): number {
  return libc.rename(cString(from), cString(to)) === 0 ? 0 : -lastErrno();
}

export function unlink(path: string): number {
  return libc.unlink(cString(path)) === 0 ? 0 : -lastErrno();
}

/** Empties an open file. */
export function empty(fd: number): number {
  return libc.ftruncate(fd, 0n) === 0 ? 0 : -lastErrno();
}

/** Gives an open file the owner and the permissions of another. */
export function copyOwnerAndMode(fd: number, { uid, gid, mode }: FileStatus): number {
  const isDone = libc.fchown(fd, uid, gid) === 0 && libc.fchmod(fd, mode) === 0;
  return isDone ? 0 : -lastErrno();
}
