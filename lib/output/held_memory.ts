import type { Bound } from "../analysis/held/spill_file.ts";
import { isInMemory } from "../ffi/file_system.ts";
import { freeMemoryBytes } from "../kernel/free_memory.ts";
import { TemporaryFile } from "./temporary_file.ts";

/** The most that is used without being asked for, and the share of what is free. */
const MOST_BYTES = 2 ** 30, SHARE = 1 / 4;

/** The heap's garbage, the buffers for text and for the file. */
const OVERHEAD_BYTES = 2 ** 26;

/** With less than this, little would be left besides that. */
export const LEAST_MEMORY_BYTES = 2 ** 27;

/** Where files go unless told. It is on a disk where /tmp is in memory. */
const DIRECTORY = "/var/tmp";

/** How much the outputs of a trace hold together until it ends, and where the rest goes. */
export class HeldMemory implements Disposable {
  readonly #bytes: number;
  readonly #directory: string;
  readonly #files: TemporaryFile[] = [];
  /** By output: how many events it has not kept. */
  readonly #dropped: number[] = [];
  #isFull = false;
  /** Told when memory or the disk are full. */
  tell: (message: string) => void;

  /**
   * @param memoryBytes a quarter of what is free without it, at most 1 GiB
   * @param directory for the files; that of TMPDIR or /var/tmp without it
   * @param tell see above
   * @throws IpftError when the directory was given and cannot have files
   */
  constructor(
    memoryBytes: number | undefined,
    directory: string | undefined,
    tell: (message: string) => void,
  ) {
    this.#bytes = memoryBytes ??
      Math.max(LEAST_MEMORY_BYTES, Math.min(MOST_BYTES, freeMemoryBytes() * SHARE));
    this.#directory = directory ?? (Deno.env.get("TMPDIR") || DIRECTORY);
    this.tell = tell;
    if (directory !== undefined) new TemporaryFile(directory)[Symbol.dispose]();
  }

  /** The most events that an output has not kept. */
  get notKept(): number {
    return Math.max(0, ...this.#dropped);
  }

  /** The bound of one of so many outputs. */
  boundOf(outputs: number): Bound {
    const index = this.#dropped.push(0) - 1;
    return {
      memoryBytes: (this.#bytes - OVERHEAD_BYTES) / outputs,
      openFile: () => this.#openFile(),
      onFull: (error) => {
        if (this.#isFull) return;
        this.#isFull = true;
        this.tell(`${error.message}; the events that come from now on are not kept, but counted`);
      },
      onDropped: (events) => this.#dropped[index] += events,
    };
  }

  #openFile(): TemporaryFile {
    const file = new TemporaryFile(this.#directory);
    this.#files.push(file);
    if (this.#files.length > 1) return file;
    const mebibytes = Math.floor(this.#bytes / 2 ** 20);
    this.tell(
      `memory for events is full (--memory, ${mebibytes}M): further ones go to a file in ${this.#directory}`,
    );
    if (isInMemory(this.#directory)) {
      this.tell(`${this.#directory} is in memory as well: name a directory on a disk with --tmp`);
    }
    return file;
  }

  [Symbol.dispose](): void {
    this.#files.forEach((file) => file[Symbol.dispose]());
  }
}
