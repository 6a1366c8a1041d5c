/** What will be traced, and how: all that is found out before anything is loaded. */
import { chooseMethod } from "./backends.ts";
import type { Method } from "./bpf/method.ts";
import { IpftError, usageError } from "./errors.ts";
import { resolveAddresses } from "./kernel/addresses.ts";
import { type Capabilities, probeCapabilities } from "./kernel/capabilities.ts";
import { filterFunctions, loadSkbFunctions } from "./kernel/functions.ts";
import { readKernelFile } from "./kernel/kernel_file.ts";
import { lockdownMode } from "./kernel/lockdown.ts";
import { findSessionFunctions, type SessionFunctions } from "./kernel/session_functions.ts";
import type { SkbFunction } from "./kernel/skb_function.ts";
import { TracefsMount } from "./kernel/tracefs_mount.ts";
import type { Backend, FunctionFilter, TraceOptions } from "./options.ts";

/** The running kernel: what it can do, and its functions with a `struct sk_buff *` argument. */
export interface Kernel {
  readonly capabilities: Capabilities;
  /** Where the kernel has sessions. */
  readonly sessionFunctions?: SessionFunctions;
  readonly functions: readonly SkbFunction[];
  /** Content of `/proc/kallsyms`. */
  readonly kallsyms: Uint8Array;
}

export interface TracePlan {
  readonly backend: Backend;
  readonly method: Method;
  readonly capabilities: Capabilities;
  readonly sessionFunctions?: SessionFunctions;
  /** The functions to trace; their index here is their number everywhere. */
  readonly functions: readonly SkbFunction[];
  /** Of their symbols, by index; empty where the backend attaches without addresses. */
  readonly addresses: BigUint64Array;
  /** How many functions pass the filter, but are out of the backend's reach. */
  readonly unreachable: number;
}

/**
 * @param warn told of modules whose types cannot be read: their functions are left out
 * @throws IpftError without root, tracefs or BTF, and in lockdown
 */
export async function inspectKernel(warn: (message: string) => void): Promise<Kernel> {
  if (Deno.uid() !== 0) {
    throw new IpftError("ipft must be root to trace the kernel", "run it with sudo");
  }
  if (lockdownMode() === "confidentiality") {
    throw new IpftError(
      "the kernel is locked down (confidentiality): nobody may read its memory",
      "boot it with lockdown=integrity, or without Secure Boot",
    );
  }
  using tracefs = new TracefsMount();
  // The kernel takes its time to render either file: they are read side by side.
  const [{ functions, vmlinux }, kallsyms] = await Promise.all([
    loadSkbFunctions(tracefs.directory, warn),
    readKernelFile("/proc/kallsyms", "use a kernel with CONFIG_KALLSYMS"),
  ]);
  const sessionFunctions = findSessionFunctions(vmlinux);
  const capabilities = probeCapabilities(vmlinux, sessionFunctions !== undefined);
  return { functions, kallsyms, capabilities, sessionFunctions };
}

/**
 * Chooses method and functions.
 * @throws IpftError when the kernel lacks what the backend needs, or the filter leaves nothing
 */
export function planTrace(
  { capabilities, sessionFunctions, functions: all, kallsyms }: Kernel,
  { tracer, backend: wanted, filter }: Pick<TraceOptions, "tracer" | "backend" | "filter">,
): TracePlan {
  const { backend, method } = chooseMethod(capabilities, tracer, wanted);
  const matching = selectFunctions(all, filter);
  // An fentry program finds its function by the name in the BTF, without compiler suffixes.
  const { functions, addresses } = backend === "ftrace"
    ? { functions: matching.filter(({ name }) => !name.includes(".")), addresses: NO_ADDRESSES }
    : resolveAddresses(matching, kallsyms);
  if (functions.length > MAX_FUNCTIONS) {
    throw usageError(
      `${functions.length} functions are more than ipft can number`,
      `limit them with --regex to ${MAX_FUNCTIONS}`,
    );
  }
  const unreachable = matching.length - functions.length;
  return { backend, method, capabilities, sessionFunctions, functions, addresses, unreachable };
}

/** An event has 16 bits for the number of its function. */
const MAX_FUNCTIONS = 2 ** 16;

const NO_ADDRESSES = new BigUint64Array();

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
