import { errnoText, IpftError } from "../base/errors.ts";
import { readFileSync, writeFileSync } from "./file.ts";
import { close, systemCall } from "./libc.ts";
import { addressOf, cString } from "./memory.ts";

/** System call number of x86-64 (arch/x86/entry/syscalls/syscall_64.tbl). */
const SYS_MEMFD_CREATE = 319;

/** A file that exists only in memory (memfd_create(2)), for libraries that take a path; freed on disposal. */
export class MemoryFile implements Disposable {
  readonly #fd: number;

  /** Makes a file with this content. @throws IpftError when there is no memory for it */
  constructor(content: Uint8Array = new Uint8Array()) {
    const MFD_CLOEXEC = 1, name = cString("ipft");
    this.#fd = systemCall(SYS_MEMFD_CREATE, addressOf(name), MFD_CLOEXEC);
    if (this.#fd < 0) throw failed("make", this.#fd);
    const result = writeFileSync(this.path, content);
    if (result === 0) return;
    close(this.#fd);
    throw failed("write", result);
  }

  /** The path of the file, valid in this process until disposal. */
  get path(): string {
    return `/proc/self/fd/${this.#fd}`;
  }

  /** Returns the content. @throws IpftError when it cannot be read */
  read(): Uint8Array<ArrayBuffer> {
    const content = readFileSync(this.path);
    if (typeof content === "number") throw failed("read", content);
    return content;
  }

  [Symbol.dispose](): void {
    close(this.#fd);
  }
}

function failed(what: string, errno: number): IpftError {
  return new IpftError(`cannot ${what} a file in memory: ${errnoText(errno)}`);
}
