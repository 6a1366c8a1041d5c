import { fileErrnoText, IpftError } from "../base/errors.ts";
import { Open, open, sync } from "../ffi/descriptor.ts";
import { close } from "../ffi/libc.ts";
import {
  checkAccess,
  copyOwnerAndMode,
  directoryOf,
  empty,
  fileStatus,
  followLinks,
  linkOpenFile,
  rename,
  unlink,
} from "../ffi/path.ts";
import type { Destination } from "./destination.ts";
import { writeError, writeTo } from "./stdout.ts";

const EPERM = 1, ENOENT = 2, EACCES = 13, EEXIST = 17, EISDIR = 21, EROFS = 30;

/** Why a directory takes no other file, or none of that owner. */
const REFUSALS: ReadonlySet<number> = new Set([EPERM, EACCES, EROFS]);

/**
 * A regular file for results. A new one is made by `begin` and grows. One that was there before is replaced
 * by `finish`, and stays as it is when there is no `finish`: until then the results are in a file beside it,
 * without a name where the file system can do that. Only where no such file can be made, or where the old
 * one has several names (hard links), the first result empties it.
 */
export class ResultFile implements Destination {
  readonly isTerminal = false;
  /** As the user has named it. */
  readonly #path: string;
  /** What is written to, behind all symbolic links. */
  readonly #target: string;
  #fd = -1;
  /** The file beside, "" while it has no name; undefined when results go to the target itself. */
  #beside: string | undefined;
  /** Whether the target still has what was in it before. */
  #isOld = false;

  /** @throws IpftError when it cannot be written */
  constructor(path: string) {
    this.#path = path;
    this.#target = this.#checked(followLinks(path));
    const status = fileStatus(this.#target);
    if (status === -ENOENT) {
      this.#checked(checkAccess(directoryOf(this.#target), "write"));
      if (/(^|\/)$/.test(this.#target)) throw writeError(path, ENOENT);
      return;
    }
    const { kind, isProtected } = this.#checked(status);
    if (kind === "directory") throw writeError(path, EISDIR);
    this.#checked(checkAccess(this.#target, "write"));
    if (isProtected) {
      throw new IpftError(`cannot write ${path}: its attributes forbid it`, "lsattr shows them");
    }
  }

  begin(): void {
    this.#fd = open(this.#target, Open.write | Open.create | Open.exclusive);
    if (this.#fd === -EEXIST) {
      const beside = this.#openBeside();
      this.#isOld = beside === undefined;
      this.#fd = beside ?? open(this.#target, Open.write);
    }
    this.#checked(this.#fd);
  }

  readonly write = async (bytes: Uint8Array): Promise<void> => {
    this.#empty();
    await writeTo(this.#fd, this.#path, bytes);
  };

  async finish(): Promise<void> {
    this.#empty();
    if (this.#beside === undefined) return;
    this.#checked(await sync(this.#fd)); // or the rename could reach the disk before the results
    if (this.#beside === "") this.#checked(this.#name((name) => linkOpenFile(this.#fd, name)));
    const beside = this.#beside;
    const result = rename(beside, this.#target);
    this.#beside = undefined; // also if that has failed: the results are in it
    if (result === 0) return;
    throw new IpftError(
      `cannot replace ${this.#path}: ${fileErrnoText(result)}`,
      `the results are in ${beside}`,
    );
  }

  [Symbol.dispose](): void {
    if (this.#fd >= 0) close(this.#fd);
    this.#fd = -1;
    this.#removeBeside();
  }

  #empty(): void {
    if (this.#isOld) this.#checked(empty(this.#fd));
    this.#isOld = false;
  }

  /** Opens a file that can replace the old one; undefined when that has to be kept. */
  #openBeside(): number | undefined {
    const old = this.#checked(fileStatus(this.#target));
    if (old.links > 1 || old.isMountPoint) return undefined;
    const ONLY_OWNER = 0o600;
    this.#beside = "";
    let fd = open(directoryOf(this.#target), Open.write | Open.temporary, ONLY_OWNER);
    if (fd < 0) { // network file systems have no files without a name
      const flags = Open.write | Open.create | Open.exclusive;
      fd = this.#name((name) => open(name, flags, ONLY_OWNER));
      globalThis.addEventListener("unload", this.#removeBeside);
    }
    const result = fd < 0 ? fd : copyOwnerAndMode(fd, old);
    if (result === 0) return fd;
    if (fd >= 0) close(fd);
    this.#removeBeside();
    if (REFUSALS.has(-result)) return undefined;
    throw writeError(this.#path, result);
  }

  /**
   * Gives the file beside a name that no other file has.
   * @returns what `take` returns for it
   */
  #name(take: (name: string) => number): number {
    for (let number = 0;; number++) {
      const name = `${directoryOf(this.#target)}/.ipft-${Deno.pid}-${number}`;
      const result = take(name);
      if (result >= 0) this.#beside = name;
      if (result !== -EEXIST) return result;
    }
  }

  readonly #removeBeside = (): void => {
    if (this.#beside) unlink(this.#beside);
    this.#beside = undefined;
    globalThis.removeEventListener("unload", this.#removeBeside);
  };

  /** @throws IpftError for the negated errno of a function of the C library */
  #checked<T>(result: T | number): T extends number ? number : T;
  #checked(result: unknown): unknown {
    if (typeof result === "number" && result < 0) throw writeError(this.#path, result);
    return result;
  }
}
