/**
 * How calls are observed: what of `tracer.bpf.c` is attached to functions, and by what means. What a
 * backend means depends on the tracer and on what the kernel has.
 */
export type Method =
  /** A perf-event link for each function. */
  | "kprobe"
  /** One link on all functions of a position of the skb. */
  | "kprobe-multi"
  /** The same, for entry and return. */
  | "kprobe-session"
  /** One such link for the entry, and one on all functions for the return. */
  | "kprobe-multi-pair"
  /** A program for each function. */
  | "fentry"
  /** Two programs for each function. */
  | "fentry-fexit";

/** The names of a method's programs: for entries the position of the skb follows. */
export interface MethodPrograms {
  readonly entry: string;
  /** For returns; undefined where there are none, or the program for entries sees them too. */
  readonly exit?: string;
}

export const PROGRAMS: Readonly<Record<Method, MethodPrograms>> = {
  "kprobe": { entry: "ipft_kprobe_" },
  "kprobe-multi": { entry: "ipft_kprobe_" },
  "kprobe-session": { entry: "ipft_session_" },
  "kprobe-multi-pair": { entry: "ipft_enter_", exit: "ipft_leave" },
  "fentry": { entry: "ipft_fentry_" },
  "fentry-fexit": { entry: "ipft_fenter_", exit: "ipft_fleave" },
};

/** Whether its programs are bound to one function each, when they are loaded. */
export function isTracing(method: Method): boolean {
  return method === "fentry" || method === "fentry-fexit";
}
