import type { IpftError } from "../../base/errors.ts";
import type { BpfMap, BpfProgram } from "../../ffi/libbpf.ts";
import type { Values } from "../placeholders.ts";

/**
 * A program that serves the trace, but runs somewhere else than at the traced functions. It is a header and
 * a file of TypeScript in this folder, and an #include in tracer.bpf.c.
 */
export interface Probe {
  /** The name of its program in tracer.bpf.c, which is loaded only for traces with this probe. */
  readonly program: string;
  /** The values of its program's placeholders. */
  readonly numbers: Values;
  /**
   * Makes the error for when the kernel refuses to load the program. It says what the user can do.
   * @param result the negative errno
   * @param log what libbpf logged
   */
  refusal(result: number, log: readonly string[]): IpftError;
  /**
   * Attaches the loaded program, or copies of it; disposing the result detaches them.
   * @param map finds the maps of tracer.bpf.c, for what they must hold from now on
   * @throws IpftError when the kernel refuses that
   */
  attach(
    program: BpfProgram,
    map: (name: string) => BpfMap,
  ): AttachedProbe | Promise<AttachedProbe>;
}

/** An attached probe. Disposing detaches it. */
export interface AttachedProbe extends Disposable {
  /** Counts the runs that the kernel skipped, if something is missing without them. */
  readonly missed?: () => number;
}
