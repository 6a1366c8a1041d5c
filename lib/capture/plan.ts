/** Decides what to trace, and how, before anything is loaded. */
import { usageError } from "../base/errors.ts";
import { type BackendName, type Choice, chooseMethod } from "../bpf/attach/backends.ts";
import type { Tracer } from "../event/trace_header.ts";
import type { BtfIds } from "../kernel/btf_ids.ts";
import type { Capabilities } from "../kernel/capabilities.ts";
import { filterFunctions, type FunctionFilter } from "../kernel/functions.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { SkbFunction } from "../kernel/skb_function.ts";

export interface TracePlan extends Choice {
  readonly capabilities: Capabilities;
  readonly btfIds: BtfIds;
  /** The functions to trace. Everything else refers to them by index. */
  readonly functions: readonly SkbFunction[];
  /** How many functions pass the filter that the backend cannot reach. */
  readonly unreachable: number;
}

/** What the user wants to trace, and how. */
export interface PlanRequest {
  readonly tracer: Tracer;
  /** Undefined for the best that the kernel has. */
  readonly backend?: BackendName;
  /** Which functions to trace. */
  readonly functions: FunctionFilter;
}

/**
 * Chooses backend, method and functions.
 * @throws IpftError when the kernel lacks what the backend needs, or the filter leaves nothing
 */
export function planTrace(
  { capabilities, btfIds, functions: all }: Kernel,
  { tracer, backend: wanted, functions: filter }: PlanRequest,
): TracePlan {
  const { backend, method } = chooseMethod(capabilities, tracer, wanted);
  const matching = selectFunctions(all, filter);
  const functions = matching.filter((fn) => backend.reaches(fn));
  if (functions.length > MAX_FUNCTIONS) {
    throw usageError(
      `${functions.length} functions are more than ipft can number`,
      `limit them with --regex to ${MAX_FUNCTIONS}`,
    );
  }
  const unreachable = matching.length - functions.length;
  return { backend, method, capabilities, btfIds, functions, unreachable };
}

/** An event has 16 bits for the index of its function. */
const MAX_FUNCTIONS = 2 ** 16;

/**
 * Selects the functions that pass the filter.
 * @throws IpftError when there is none
 */
export function selectFunctions(
  functions: readonly SkbFunction[],
  filter: FunctionFilter,
): readonly SkbFunction[] {
  const selected = filterFunctions(functions, filter);
  if (selected.length > 0) return selected;
  throw usageError(
    `none of ${functions.length} functions matches --regex and --module-regex`,
    "list them with: ipft -l",
  );
}
