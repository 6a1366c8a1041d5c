import type { Section } from "./section.ts";

/** What is traced of a function: `function` is its entry, `function_graph` its return as well. */
export const TRACERS = ["function", "function_graph"] as const;
export type Tracer = typeof TRACERS[number];

/** A traced function. */
export interface TracedFunction {
  readonly name: string;
  /** The kernel module that it is in; `vmlinux` for the kernel itself, `bpf` for a BPF program. */
  readonly module: string;
  /** True where events have no return whatever the tracer: the verdict of a tc or XDP program. */
  readonly hasNoReturn?: true;
}

/** What there is to know of a trace besides its events. It holds plain data only. */
export interface TraceHeader {
  /** Whether there are returns among the events: with `function_graph`. */
  readonly tracer: Tracer;
  /** Events refer to them by index. The list may grow during a trace, when kernel modules are loaded. */
  readonly functions: readonly TracedFunction[];
  /** What its events have besides `EVENT`. */
  readonly sections: readonly Section[];
  /** CLOCK_MONOTONIC, in ns, that the timestamps of events count from. */
  readonly originNs: bigint;
}
