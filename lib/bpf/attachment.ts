import { close } from "../ffi/libc.ts";

/** A function that the kernel did not let the tracer attach to. */
export interface Refusal {
  /** Index into the table of functions. */
  readonly functionIndex: number;
  /** The kernel's errno, in words. */
  readonly reason: string;
}

/** The tracer's programs attached to functions. Disposing detaches them; that may take a while. */
export interface Attachment extends Disposable {
  /** Functions that are not traced, though they were asked for. */
  readonly refused: readonly Refusal[];
  /**
   * Calls of traced functions that the kernel did not show to the tracer, because the CPU was already
   * inside a BPF program or probe. Nobody knows which of them carried the mark. Undefined on kernels
   * that don't count them.
   */
  missed(): number | undefined;
}

/** File descriptors that are closed together: each holds a link or a program in the kernel. */
export class FileDescriptors implements Disposable {
  readonly #fds: number[] = [];

  add(fd: number): void {
    this.#fds.push(fd);
  }

  [Symbol.iterator](): Iterator<number> {
    return this.#fds.values();
  }

  [Symbol.dispose](): void {
    for (const fd of this.#fds.splice(0)) close(fd);
  }
}

/** The sum of the counters that this kernel has; undefined when it has none of them. */
export function sumKnown(counts: readonly (number | undefined)[]): number | undefined {
  const known = counts.filter((count) => count !== undefined);
  return known.length > 0 ? known.reduce((sum, count) => sum + count, 0) : undefined;
}
