import { close } from "../../ffi/libc.ts";

/** A function that the kernel refused to attach a program to. */
export interface Refusal {
  /** Index into the table of functions. */
  readonly functionIndex: number;
  /** The kernel's errno as text. */
  readonly reason: string;
}

/** Follows a backend that attaches to functions one by one, which takes milliseconds for each. */
export interface AttachObserver {
  /**
   * Called now and then, so that other tasks (signals) get their turn. When it rejects, attaching stops
   * and what was attached is detached.
   * @param done how many functions are attached or were refused
   */
  attached(done: number): Promise<void>;
  /** Called after each step of detaching. */
  detached(done: number, total: number): void;
}

/** Programs that are attached to functions. Disposing detaches them, which may take a while. */
export interface Attachment extends Disposable {
  /** Functions that were asked for and are not traced. */
  readonly refused: readonly Refusal[];
  /**
   * Counts the calls of traced functions for which the kernel ran no program, because the CPU was already
   * inside a BPF program or probe. Nobody knows which of them had a wanted packet. Undefined on kernels
   * that don't count them.
   */
  missed(): number | undefined;
}

/** A set of file descriptors, each of which holds a link or a program. Disposing closes them all. */
export class FileDescriptors implements Disposable {
  readonly #fds: number[] = [];
  readonly #onClose?: (done: number, total: number) => void;

  /** @param onClose called after each one is closed */
  constructor(onClose?: (done: number, total: number) => void) {
    this.#onClose = onClose;
  }

  add(fd: number): void {
    this.#fds.push(fd);
  }

  [Symbol.iterator](): Iterator<number> {
    return this.#fds.values();
  }

  [Symbol.dispose](): void {
    this.#fds.splice(0).forEach((fd, index, { length }) => {
      close(fd);
      this.#onClose?.(index + 1, length);
    });
  }
}

/** Adds up the counters that this kernel has; undefined if it has none of them. */
export function sumKnown(counts: readonly (number | undefined)[]): number | undefined {
  const known = counts.filter((count) => count !== undefined);
  return known.length > 0 ? known.reduce((sum, count) => sum + count, 0) : undefined;
}
