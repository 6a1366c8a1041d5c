import { close, systemCall } from "./libc.ts";
import { addressOf } from "./memory.ts";

/** System call numbers of x86-64 (arch/x86/entry/syscalls/syscall_64.tbl). */
const SYS_READ = 0, SYS_FSTAT = 5, SYS_READLINK = 89, SYS_OPENAT = 257;

const AT_FDCWD = -100,
  O_RDONLY = 0,
  O_NONBLOCK = 0o4000,
  O_CLOEXEC = 0o2000000,
  O_PATH = 0o10000000;

/**
 * A file or folder that has been opened, but not for reading yet: this waits for nothing, and says what
 * the name has led to, whatever becomes of the name.
 */
export class OpenedFile implements Disposable {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Opens `path`, bytes as the kernel takes them. Returns a negated errno when that fails. */
  static open(path: Uint8Array): OpenedFile | number {
    const fd = openAt(path, O_PATH | O_CLOEXEC);
    return fd < 0 ? fd : new OpenedFile(fd);
  }

  /** Returns where the file is now, without symbolic links; or a negated errno. */
  realPath(): Uint8Array | number {
    const bytes = new Uint8Array(1 << 16);
    const length = systemCall(SYS_READLINK, addressOf(this.#link), addressOf(bytes), bytes.length);
    return length < 0 ? length : bytes.subarray(0, length);
  }

  get isRegular(): boolean {
    const S_IFMT = 0o170000, S_IFREG = 0o100000;
    // struct stat on x86-64
    const MODE = 24, stat = new DataView(new ArrayBuffer(144));
    if (systemCall(SYS_FSTAT, this.#fd, addressOf(stat)) !== 0) return false;
    return (stat.getUint32(MODE, true) & S_IFMT) === S_IFREG;
  }

  /** Reads the file from its beginning, but no more than `limitBytes`. Returns a negated errno on failure. */
  read(limitBytes: number): Uint8Array<ArrayBuffer> | number {
    const fd = openAt(this.#link, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return fd;
    try {
      let bytes = new Uint8Array(Math.min(limitBytes, 1 << 16)), length = 0;
      for (;;) {
        const room = bytes.subarray(length);
        const count = systemCall(SYS_READ, fd, addressOf(room), room.length);
        if (count < 0) return count;
        length += count;
        if (count === 0 || length === limitBytes) return bytes.subarray(0, length);
        if (length < bytes.length) continue;
        const larger = new Uint8Array(Math.min(limitBytes, 4 * length));
        larger.set(bytes);
        bytes = larger;
      }
    } finally {
      close(fd);
    }
  }

  /** Leads to the file itself, even when another one has its name by now. */
  get #link(): Uint8Array<ArrayBuffer> {
    return encoder.encode(`/proc/self/fd/${this.#fd}\0`);
  }

  [Symbol.dispose](): void {
    close(this.#fd);
  }
}

const encoder = new TextEncoder();

function openAt(path: Uint8Array, flags: number): number {
  const name = new Uint8Array(path.length + 1);
  name.set(path);
  return systemCall(SYS_OPENAT, AT_FDCWD, addressOf(name), flags, 0);
}
