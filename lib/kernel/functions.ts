import { IpftError } from "../base/errors.ts";
import { readDirSync } from "../ffi/file.ts";
import { Btf } from "../btf/btf.ts";
import { describedSkbFunctions, findSkbFunctions } from "./find_functions.ts";
import { readKernelFile } from "./kernel_file.ts";
import { type SkbFunction, VMLINUX } from "./skb_function.ts";
import { findSkbPrototypes } from "./skb_prototypes.ts";

/** Matches some names. */
export interface NamePattern {
  test(name: string): boolean;
}

/** Which of the kernel's functions are meant. An absent pattern matches all. */
export interface FunctionFilter {
  /** Matches the name of the function. */
  readonly functionRegex?: NamePattern;
  /** Matches the name of the function's module, `vmlinux` for built-in ones. */
  readonly moduleRegex?: NamePattern;
}

/** The traceable functions of the running kernel, and the types that describe them. */
export interface KernelFunctions {
  /** Every traceable function with a `struct sk_buff *` argument, sorted by module and name. */
  readonly functions: SkbFunction[];
  readonly vmlinux: Btf;
}

/** Where the kernel exposes its BTF: `vmlinux`, and since Linux 5.11 one file for each module. */
const BTF_DIRECTORY = "/sys/kernel/btf";

/**
 * Finds the functions of the running kernel that can be traced and take a `struct sk_buff *`.
 *
 * All files are read at once: the types are searched while the kernel prints `available_filter_functions`,
 * which takes it a while.
 *
 * @param tracefsDirectory where tracefs is mounted
 * @param warn called for each module whose types cannot be read; its functions are left out
 * @throws IpftError when the kernel has no BTF or no function tracer, or when this process is not root's
 */
export async function loadSkbFunctions(
  tracefsDirectory: string,
  warn: (message: string) => void,
  btfDirectory = BTF_DIRECTORY,
): Promise<KernelFunctions> {
  const [available, { described, vmlinux }] = await Promise.all([
    readKernelFile(
      `${tracefsDirectory}/available_filter_functions`,
      "use a kernel with CONFIG_DYNAMIC_FTRACE",
    ),
    readTypes(btfDirectory, warn),
  ]);
  return { functions: findSkbFunctions(described, available), vmlinux };
}

/** Returns the functions whose name and module the filter matches. */
export function filterFunctions(
  functions: readonly SkbFunction[],
  { functionRegex, moduleRegex }: FunctionFilter,
): SkbFunction[] {
  return functions.filter(({ name, module }) =>
    (functionRegex?.test(name) ?? true) && (moduleRegex?.test(module) ?? true)
  );
}

/** Reads all functions that vmlinux and the modules describe, traceable or not. */
async function readTypes(
  directory: string,
  warn: (message: string) => void,
): Promise<{ described: SkbFunction[]; vmlinux: Btf }> {
  const path = (module: string) => `${directory}/${module}`;
  const modules = moduleNames(directory);
  const reads = Promise.allSettled(modules.map((module) => readKernelFile(path(module))));

  const source = path(VMLINUX);
  const vmlinux = Btf.parse(
    await readKernelFile(
      source,
      "use a kernel with CONFIG_DEBUG_INFO_BTF, as all major distributions ship",
    ),
    { source },
  );
  const prototypes = findSkbPrototypes(vmlinux);
  const described = describedSkbFunctions(VMLINUX, prototypes);

  for (const [i, read] of (await reads).entries()) {
    try {
      if (read.status === "rejected") throw read.reason;
      const btf = Btf.parse(read.value, { source: path(modules[i]), base: vmlinux });
      described.push(...describedSkbFunctions(modules[i], findSkbPrototypes(btf, prototypes)));
    } catch (error) {
      if (!(error instanceof IpftError)) throw error;
      warn(`the functions of module ${modules[i]} are left out: ${error.message}`);
    }
  }
  return { described, vmlinux };
}

/** Returns the names of the modules that have BTF; none before Linux 5.11. */
function moduleNames(btfDirectory: string): string[] {
  const entries = readDirSync(btfDirectory);
  // Without the directory there is no vmlinux either, which the caller reports.
  if (typeof entries === "number") return [];
  return entries.map(({ name }) => name).filter((name) => name !== VMLINUX);
}
