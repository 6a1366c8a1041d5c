/**
 * The contract of a backend, which makes programs of tracer.bpf.c run when functions are called. A backend
 * is one file, which says all about it, and a line in backends.ts.
 */
import type { Tracer } from "../../event/trace_header.ts";
import type { BpfProgram } from "../../ffi/libbpf.ts";
import type { Capabilities } from "../../kernel/capabilities.ts";
import type { SkbFunction } from "../../kernel/skb_function.ts";
import type { Attachment, AttachObserver } from "./attachment.ts";

/** A backend, as `--backend` names it. */
export interface Backend {
  readonly name: string;
  /** Whether it attaches to functions one by one, which takes milliseconds for each. */
  readonly isOneByOne: boolean;
  /** Reports whether the kernel can find the function for this backend. */
  reaches(fn: SkbFunction): boolean;
  /** The methods for each tracer that the backend has, best first. */
  readonly methods: readonly Method[];
}

/** How a backend observes calls for a tracer, on kernels that have what the method needs. */
export interface Method {
  readonly name: string;
  readonly tracer: Tracer;
  readonly needs: readonly (keyof Capabilities)[];
  /** The names of the programs for entries, without the position of the skb, which follows. */
  readonly entry: string;
  /** The name of the program for returns, if there is one for returns only. */
  readonly exit?: string;
  /** The expected attach type of the programs, if their ELF section does not imply it. */
  readonly attachType?: number;
  /**
   * Chooses the functions that the programs are bound to when they are loaded. Without it, the programs
   * run for any function, and look up its index by its address in `ipft_functions`.
   */
  bind?(functions: readonly SkbFunction[]): Binding;
  /**
   * Attaches the programs to functions.
   * @throws IpftError when the kernel refuses that altogether; what the observer rejects with
   */
  attach(target: AttachTarget): Promise<Attachment>;
}

/** The functions that programs are bound to while libbpf loads them. */
export interface Binding {
  /** Returns the function for the program of a position; undefined if the position gets no program. */
  functionName(position: number): string | undefined;
  /**
   * Chooses other functions after the kernel refused to load the programs.
   * @param log what libbpf logged
   * @returns false if another attempt would be in vain
   */
  next(log: readonly string[]): boolean;
}

/** Loaded programs of a method. */
export interface MethodPrograms {
  /** Returns the program for functions with the skb at `position`. Its `fd` is negative if not loaded. */
  entry(position: number): BpfProgram;
  /** The program for returns, if the method has one. */
  readonly exit?: BpfProgram;
}

/** What `Method.attach` connects. */
export interface AttachTarget {
  readonly programs: MethodPrograms;
  /** Functions that the backend reaches. Events refer to them by index. */
  readonly functions: readonly SkbFunction[];
  readonly capabilities: Capabilities;
  readonly observer: AttachObserver;
}
