import { errnoText, IpftError } from "../../base/errors.ts";
import { makeDirectory, removeDirectory, writeFileSync } from "../../ffi/file.ts";
import { findOwnCgroup } from "../../kernel/cgroup.ts";
import { readKernelText } from "../../kernel/kernel_file.ts";

/** Each time that the last processes are moved out, they may have started others. */
const REMOVAL_TRIES = 100;

/**
 * The cgroup of the command whose sockets are marked (`markSockets`). It is one below ipft's own, so that
 * the limits of that go on to hold. Disposing it puts what still runs there back into ipft's own. Should
 * ipft be killed, marking ends with it; an empty cgroup may stay.
 */
export class MarkedCgroup implements Disposable {
  readonly #parent: string;
  /** Its folder. */
  readonly path: string;

  /** @throws IpftError without cgroups of version 2, or when the kernel refuses the folder */
  constructor() {
    this.#parent = findOwnCgroup(
      readKernelText("/proc/self/mountinfo") ?? "",
      readKernelText("/proc/self/cgroup") ?? "",
    );
    this.path = `${this.#parent}/ipft-${Deno.pid}`;
    const result = makeDirectory(this.path);
    if (result < 0) throw new IpftError(`cannot make ${this.path}: ${errnoText(result)}`);
  }

  /** A process joins by writing its id here. */
  get processesPath(): string {
    return `${this.path}/cgroup.procs`;
  }

  [Symbol.dispose](): void {
    for (let i = 0; i < REMOVAL_TRIES && removeDirectory(this.path) < 0; i++) {
      const processes = readKernelText(this.processesPath)?.split("\n").filter(Boolean) ?? [];
      for (const id of processes) {
        writeFileSync(`${this.#parent}/cgroup.procs`, new TextEncoder().encode(id));
      }
    }
  }
}
