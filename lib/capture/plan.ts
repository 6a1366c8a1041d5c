/** What will be traced, and how: all that is decided before anything is loaded. */
import { chooseMethod } from "../bpf/attach/backends.ts";
import type { Method } from "../bpf/attach/method.ts";
import { usageError } from "../base/errors.ts";
import type { Capabilities } from "../kernel/capabilities.ts";
import { filterFunctions } from "../kernel/functions.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { BtfIds } from "../kernel/btf_ids.ts";
import type { SkbFunction } from "../kernel/skb_function.ts";
import type { Backend, FunctionFilter, TraceOptions } from "../cli/options.ts";

export interface TracePlan {
  readonly backend: Backend;
  readonly method: Method;
  readonly capabilities: Capabilities;
  readonly btfIds: BtfIds;
  /** The functions to trace; their index here is their number everywhere. */
  readonly functions: readonly SkbFunction[];
  /** How many functions pass the filter, but are out of the backend's reach. */
  readonly unreachable: number;
}

/**
 * Chooses method and functions.
 * @throws IpftError when the kernel lacks what the backend needs, or the filter leaves nothing
 */
export function planTrace(
  { capabilities, btfIds, functions: all }: Kernel,
  { tracer, backend: wanted, filter }: Pick<TraceOptions, "tracer" | "backend" | "filter">,
): TracePlan {
  const { backend, method } = chooseMethod(capabilities, tracer, wanted);
  const matching = selectFunctions(all, filter);
  // An fentry program finds its function by the name in the BTF, without compiler suffixes.
  const functions = backend === "ftrace"
    ? matching.filter(({ name }) => !name.includes("."))
    : matching.filter(({ address }) => address !== undefined);
  if (functions.length > MAX_FUNCTIONS) {
    throw usageError(
      `${functions.length} functions are more than ipft can number`,
      `limit them with --regex to ${MAX_FUNCTIONS}`,
    );
  }
  const unreachable = matching.length - functions.length;
  return { backend, method, capabilities, btfIds, functions, unreachable };
}

/** An event has 16 bits for the number of its function. */
const MAX_FUNCTIONS = 2 ** 16;

/** The functions that pass the filter; it must leave one at least. */
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
