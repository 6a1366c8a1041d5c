import type { IpftError } from "../../base/errors.ts";
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
  /**
   * Makes the error for a program that the kernel does not load: it says what the kernel lacks.
   * @param result the negative errno
   * @param log what libbpf said
   */
  refusal(result: number, log: readonly string[]): IpftError;
  /**
   * Attaches the loaded program; disposing the result detaches it.
   * @throws IpftError when the kernel refuses that
   */
  attach(program: BpfProgram): Disposable;
}
