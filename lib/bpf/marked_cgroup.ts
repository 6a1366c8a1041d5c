import { errnoText, IpftError } from "../base/errors.ts";
import { AttachType, createLink } from "../ffi/bpf.ts";
import { makeDirectory, openDirectory, removeDirectory, writeFileSync } from "../ffi/file.ts";
import { BpfObject } from "../ffi/libbpf.ts";
import { close } from "../ffi/libc.ts";
import { LibbpfLog } from "../ffi/log.ts";
import { findOwnCgroup } from "../kernel/cgroup.ts";
import { readKernelText } from "../kernel/kernel_file.ts";
import { readBpfObject } from "./object_file.ts";

/** Each time that the last processes are moved out, they may have started others. */
const REMOVAL_TRIES = 100;

/**
 * A cgroup whose processes' new sockets have a mark: all that they send carries it. It is one below
 * ipft's own, so that its limits go on to hold. Disposing it puts what still runs there back into
 * ipft's own. Should ipft be killed, marking ends with it; an empty cgroup may stay.
 */
export class MarkedCgroup implements Disposable {
  readonly #parent: string;
  readonly #path: string;
  #link = -1;

  /** @throws IpftError without cgroups of version 2, or when the kernel refuses the program */
  constructor(mark: number) {
    this.#parent = findOwnCgroup(
      readKernelText("/proc/self/mountinfo") ?? "",
      readKernelText("/proc/self/cgroup") ?? "",
    );
    this.#path = `${this.#parent}/ipft-${Deno.pid}`;
    const result = makeDirectory(this.#path);
    if (result < 0) throw new IpftError(`cannot make ${this.#path}: ${errnoText(result)}`);
    try {
      this.#link = markSockets(this.#path, mark);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** A process joins by writing its id here. */
  get processesPath(): string {
    return `${this.#path}/cgroup.procs`;
  }

  [Symbol.dispose](): void {
    if (this.#link >= 0) close(this.#link);
    for (let i = 0; i < REMOVAL_TRIES && removeDirectory(this.#path) < 0; i++) {
      const processes = readKernelText(this.processesPath)?.split("\n").filter(Boolean) ?? [];
      for (const id of processes) {
        writeFileSync(`${this.#parent}/cgroup.procs`, new TextEncoder().encode(id));
      }
    }
  }
}

/** The link that holds the marking program at a cgroup. */
function markSockets(cgroupPath: string, mark: number): number {
  using log = new LibbpfLog();
  using object = new BpfObject(readBpfObject("mark_sockets"), "ipft_mark");
  new DataView(object.map(".rodata").initialValue()).setUint32(0, mark, true);
  const loaded = object.load();
  if (loaded < 0) throw refused(loaded, log.lines);
  const program = object.program("ipft_mark_sockets");
  const folder = openDirectory(cgroupPath);
  if (folder < 0) throw refused(folder);
  const link = createLink(program.fd, folder, AttachType.cgroupInetSockCreate);
  close(folder);
  if (link < 0) throw refused(link);
  return link;
}

function refused(result: number, log: readonly string[] = []): IpftError {
  return new IpftError(
    `the kernel refused to mark a cgroup's sockets: ${errnoText(result)}`,
    "use a kernel with CONFIG_CGROUP_BPF, or have a command that marks its packets itself",
    1,
    log,
  );
}
