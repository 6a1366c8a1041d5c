/**
 * The contract of a backend: a way to have programs of tracer.bpf.c run when functions are called. Each
 * backend is one file, which says all about it, and a line in backends.ts.
 */
import type { Tracer } from "../../event/trace_header.ts";
import type { BpfProgram } from "../../ffi/libbpf.ts";
import type { Capabilities } from "../../kernel/capabilities.ts";
import type { SkbFunction } from "../../kernel/skb_function.ts";
import type { Attachment, AttachObserver } from "./attachment.ts";

/** A backend, as `--backend` names it. */
export interface Backend {
  readonly name: string;
  /** True when it attaches to one function after the other, which takes milliseconds for each. */
  readonly isOneByOne: boolean;
  /** Reports whether the backend has what it takes to find the function. */
  reaches(fn: SkbFunction): boolean;
  /** For each tracer that the backend can serve one at least, best first. */
  readonly methods: readonly Method[];
}

/** How a backend observes calls for one tracer, on kernels that have what the method needs. */
export interface Method {
  readonly name: string;
  readonly tracer: Tracer;
  readonly needs: readonly (keyof Capabilities)[];
  /** Prefix of the names of the programs for entries; the position of the skb follows. */
  readonly entry: string;
  /** Name of the program for returns, where entries and returns have different ones. */
  readonly exit?: string;
  /** The expected attach type of the programs, where their section does not imply it. */
  readonly attachType?: number;
  /**
   * Chooses the functions that the programs are bound to when they are loaded. A method without it has
   * programs that run for any function, and find it in `ipft_functions` by its address.
   */
  bind?(functions: readonly SkbFunction[]): Binding;
  /**
   * Attaches the programs to functions.
   * @throws IpftError when that fails for all of them; what the observer rejects with
   */
  attach(target: AttachTarget): Promise<Attachment>;
}

/** The functions that programs are bound to while libbpf loads them. */
export interface Binding {
  /** Names the function for the programs of a position; undefined when the position gets no program. */
  functionName(position: number): string | undefined;
  /**
   * Goes on to other functions after the kernel refused the programs.
   * @param log what libbpf said
   * @returns false when another attempt is of no use
   */
  next(log: readonly string[]): boolean;
}

/** Loaded programs of a method. */
export interface MethodPrograms {
  /** The program for functions with the skb at `position`; without an `fd` when it is not loaded. */
  entry(position: number): BpfProgram;
  /** The program for returns, of methods that have one. */
  readonly exit?: BpfProgram;
}

/** What `Method.attach` connects. */
export interface AttachTarget {
  readonly programs: MethodPrograms;
  /** All within reach of the backend; their index is their number in events. */
  readonly functions: readonly SkbFunction[];
  readonly capabilities: Capabilities;
  readonly observer: AttachObserver;
}
