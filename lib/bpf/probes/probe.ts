import { errnoText, IpftError } from "../../base/errors.ts";
import type { BpfProgram } from "../../ffi/libbpf.ts";
import type { Values } from "../placeholders.ts";

/**
 * A program that serves the trace, but runs somewhere else than at the traced functions. It is a header and
 * a file of TypeScript in this folder, and an #include in tracer.bpf.c.
 */
export interface Probe {
  /** Name of its program in the tracer's object, which is loaded only for traces with this probe. */
  readonly program: string;
  /** What takes the place of its program's placeholders. */
  readonly numbers: Values;
  /** What the kernel refuses when it refuses the program, for messages: `mark a cgroup's sockets`. */
  readonly purpose: string;
  /** What the user can do about that. */
  readonly remedy: string;
  /**
   * Attaches the loaded program; disposing the result detaches it.
   * @throws IpftError when the kernel refuses it
   */
  attach(program: BpfProgram): Disposable;
}

/**
 * Makes the error for a probe that cannot be loaded or attached.
 * @param result the negative errno
 */
export function probeRefusal(
  { purpose, remedy }: Pick<Probe, "purpose" | "remedy">,
  result: number,
  log: readonly string[] = [],
): IpftError {
  return new IpftError(`the kernel refused to ${purpose}: ${errnoText(result)}`, remedy, 1, log);
}
