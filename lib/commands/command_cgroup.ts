import { errnoText, IpftError } from "../base/errors.ts";
import {
  makeDirectory,
  openDirectory,
  readDirSync,
  removeDirectory,
  writeFileSync,
} from "../ffi/file.ts";
import { close, systemCall } from "../ffi/libc.ts";
import { findOwnCgroup } from "../kernel/cgroup.ts";
import { readKernelText } from "../kernel/kernel_file.ts";

/** Attempts to remove the cgroup: while processes are moved out of it, they may start others. */
const REMOVAL_TRIES = 100;

/** Attempts to find a free name. From the second on they are random. */
const NAME_TRIES = 10;

/** What ipft names its cgroups: its process id, with a random number where that name is taken. */
const NAME = /^ipft-\d+(-[0-9a-f]+)?$/;

/**
 * The cgroup of a command whose sockets are traced, a child of ipft's own, so that the limits of that still
 * apply. Disposing it moves the processes that still run in it, and in cgroups that the command has made in
 * it, back to ipft's own. If ipft is killed, the next ipft removes the cgroup once no process is in it.
 */
export class CommandCgroup implements Disposable {
  readonly #parent: string;
  /** Its directory. */
  readonly path: string;
  /** Holds the lock by which others see that the cgroup is in use. */
  readonly #lock: number;

  /** @throws IpftError without cgroups of version 2, or if the kernel refuses the directory */
  constructor() {
    this.#parent = findOwnCgroup(
      readKernelText("/proc/self/mountinfo") ?? "",
      readKernelText("/proc/self/cgroup") ?? "",
    );
    removeLeftovers(this.#parent);
    ({ path: this.path, lock: this.#lock } = makeOwnDirectory(`${this.#parent}/ipft-${Deno.pid}`));
  }

  /** A process joins by writing its id here. */
  get processesPath(): string {
    return `${this.path}/cgroup.procs`;
  }

  [Symbol.dispose](): void {
    for (let i = 0; i < REMOVAL_TRIES; i++) {
      const cgroups = withNested(this.path);
      for (const path of cgroups) moveProcesses(path, this.#parent);
      if (cgroups.map(removeDirectory).at(-1) === 0) break;
    }
    close(this.#lock);
  }
}

/**
 * Removes the cgroups of ipft processes that were killed, unless something still runs in them.
 * @param parent the cgroup that they are in
 */
export function removeLeftovers(parent: string): void {
  const entries = readDirSync(parent);
  if (typeof entries === "number") return;
  for (const { name } of entries) {
    if (!NAME.test(name)) continue;
    const path = `${parent}/${name}`;
    const lock = lockDirectory(path);
    if (lock < 0) continue; // its ipft is alive
    const isPopulated = /^populated 1$/m.test(readKernelText(`${path}/cgroup.events`) ?? "");
    if (!isPopulated) withNested(path).forEach(removeDirectory);
    close(lock);
  }
}

/**
 * Makes a directory of this name, or with a random suffix where that is taken, and locks it.
 * @throws IpftError when the kernel refuses it
 */
export function makeOwnDirectory(name: string): { path: string; lock: number } {
  let result = 0;
  for (let i = 0; i < NAME_TRIES; i++) {
    const suffix = i === 0 ? "" : `-${crypto.randomUUID().slice(0, 8)}`;
    const path = name + suffix;
    result = makeDirectory(path);
    if (result === 0) {
      result = lockDirectory(path);
      // Another ipft may have taken the new directory for a leftover.
      if (result >= 0 && typeof readDirSync(path) !== "number") return { path, lock: result };
      if (result >= 0) close(result);
      continue;
    }
    if (result !== -EEXIST) break;
  }
  throw new IpftError(`cannot make ${name}: ${errnoText(result)}`);
}

const EEXIST = 17;

/**
 * Locks a directory until the file descriptor is closed or this process ends.
 * @returns the file descriptor, or a negated errno when it is locked or gone
 */
function lockDirectory(path: string): number {
  const SYS_FLOCK = 73, LOCK_EX = 2, LOCK_NB = 4;
  const fd = openDirectory(path);
  if (fd < 0) return fd;
  const result = systemCall(SYS_FLOCK, fd, LOCK_EX | LOCK_NB);
  if (result === 0) return fd;
  close(fd);
  return result;
}

/** Returns a directory and all below it, the deepest first. */
function withNested(path: string): string[] {
  const entries = readDirSync(path);
  if (typeof entries === "number") return []; // a file
  return [...entries.flatMap(({ name }) => withNested(`${path}/${name}`)), path];
}

function moveProcesses(from: string, to: string): void {
  const ids = readKernelText(`${from}/cgroup.procs`)?.split("\n") ?? [];
  // 0 stands for a process of another pid namespace, which cannot be named here.
  for (const id of ids.filter((id) => id !== "" && id !== "0")) {
    writeFileSync(`${to}/cgroup.procs`, new TextEncoder().encode(id));
  }
}
