import { errnoText, IpftError } from "../../base/errors.ts";
import { makeDirectory, removeDirectory, writeFileSync } from "../../ffi/file.ts";
import { findOwnCgroup } from "../../kernel/cgroup.ts";
import { readKernelText } from "../../kernel/kernel_file.ts";

/** Attempts to remove the cgroup: while processes are moved out of it, they may start others. */
const REMOVAL_TRIES = 100;

/**
 * The cgroup for the command whose sockets are marked (see `markSockets`), a child of ipft's own, so that
 * the limits of that still apply. Disposing it moves the processes that still run in it back to ipft's own.
 * If ipft is killed, marking ends with it, but an empty cgroup may stay behind.
 */
export class MarkedCgroup implements Disposable {
  readonly #parent: string;
  /** Its directory. */
  readonly path: string;

  /** @throws IpftError without cgroups of version 2, or if the kernel refuses the directory */
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
