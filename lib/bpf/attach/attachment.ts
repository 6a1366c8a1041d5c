import { close } from "../../ffi/libc.ts";

/** A function that the kernel did not let the tracer attach to. */
export interface Refusal {
  /** Index into the table of functions. */
  readonly functionIndex: number;
  /** The kernel's errno, in words. */
  readonly reason: string;
}

/** Watches a backend attach to functions one by one, which takes the kernel milliseconds for each. */
export interface AttachObserver {
  /**
   * Called now and then, to give other tasks (signals) their turn; when it rejects, attaching ends and
   * what was attached is detached.
   * @param done functions that are attached, or were refused
   */
  attached(done: number): Promise<void>;
  /** Called after each step of detaching. */
  detached(done: number, total: number): void;
}

/** The tracer's programs attached to functions. Disposing detaches them; that may take a while. */
export interface Attachment extends Disposable {
  /** Functions that are not traced, though they were asked for. */
  readonly refused: readonly Refusal[];
  /**
   * Calls of traced functions that the kernel did not show to the tracer, because the CPU was already
   * inside a BPF program or probe. Nobody knows which of them carried the mark. Undefined on kernels
   * that don't count all of them for this backend.
   */
  missed(): number | undefined;
}

/** File descriptors that are closed together: each holds a link or a program in the kernel. */
export class FileDescriptors implements Disposable {
  readonly #fds: number[] = [];
  readonly #onClose?: (done: number, total: number) => void;

  /** @param onClose called after each that was closed */
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

/** The sum of the counters; undefined when the kernel lacks one of them. */
export function sumIfAllKnown(counts: readonly (number | undefined)[]): number | undefined {
  let sum = 0;
  for (const count of counts) {
    if (count === undefined) return undefined;
    sum += count;
  }
  return sum;
}
