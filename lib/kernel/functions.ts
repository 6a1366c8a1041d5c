import { IpftError } from "../base/errors.ts";
import { readDirSync, readFile } from "../ffi/file.ts";
import { Btf } from "../btf/btf.ts";
import {
  describedSkbFunctions,
  findSkbFunctions,
  type FoundFunctions,
  linesOfModule,
  type SymbolFiles,
} from "./find_functions.ts";
import { parseKallsyms, VARIABLES } from "./kallsyms.ts";
import { readKernelFile } from "./kernel_file.ts";
import { type SkbFunction, VMLINUX } from "./skb_function.ts";
import { PAGE_VARIABLES } from "./skb_layout.ts";
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

/** The functions of the running kernel, and the types that describe them. */
export interface KernelFunctions extends FoundFunctions {
  readonly vmlinux: Btf;
  /** The addresses of the variables that are wanted, as far as the kernel has and shows them. */
  readonly variables: ReadonlyMap<string, bigint>;
}

/** Where the kernel describes itself. */
export interface KernelPaths {
  /** Where tracefs is mounted. */
  readonly tracefs: string;
  /** Has the file `vmlinux`, and since Linux 5.11 one for each module. */
  readonly btf: string;
  readonly kallsyms: string;
}

/** The paths of the running kernel, but for tracefs, which may be mounted anywhere. */
export const KERNEL_PATHS = { btf: "/sys/kernel/btf", kallsyms: "/proc/kallsyms" } as const;

/**
 * Finds the functions of the running kernel that take a `struct sk_buff *`.
 *
 * All files are read at once: the types are searched while the kernel prints its symbols, which takes it
 * a while.
 *
 * @param warn called for each module whose types cannot be read; its functions are left out
 * @throws IpftError when the kernel has no BTF or no function tracer, hides its addresses, or when this
 *   process is not root's
 */
export async function loadSkbFunctions(
  paths: KernelPaths,
  warn: (message: string) => void,
): Promise<KernelFunctions> {
  const [files, { described, vmlinux }] = await Promise.all([
    readSymbols(paths),
    readTypes(paths.btf, moduleNames(paths.btf), warn),
  ]);
  const found = findSkbFunctions(described, files);
  const symbols = parseKallsyms(files.kallsyms, PAGE_VARIABLES, VARIABLES);
  const variables = new Map(symbols.map(({ name, address }) => [name, address]));
  if (!found.isAmbiguous) return { ...found, vmlinux, variables };
  return { ...findSkbFunctions(described, await withHooks(files, paths)), vmlinux, variables };
}

/**
 * Finds the functions of one module that take a `struct sk_buff *`.
 * @param describesVariants what `loadSkbFunctions` has found out
 * @throws IpftError when its types or the kernel's symbols cannot be read
 */
export async function loadModuleFunctions(
  module: string,
  paths: KernelPaths,
  describesVariants: boolean,
): Promise<FoundFunctions> {
  const [all, { described }] = await Promise.all([
    readSymbols(paths),
    readTypes(paths.btf, [module], (message) => {
      throw new IpftError(message);
    }),
  ]);
  const own = described.filter((fn) => fn.module === module);
  const files = {
    available: linesOfModule(all.available, module),
    kallsyms: linesOfModule(all.kallsyms, module),
  };
  const found = findSkbFunctions(own, files, describesVariants);
  if (!found.isAmbiguous) return found;
  return findSkbFunctions(own, await withHooks(files, paths), describesVariants);
}

async function readSymbols({ tracefs, kallsyms }: KernelPaths) {
  const [available, symbols] = await Promise.all([
    readKernelFile(
      `${tracefs}/available_filter_functions`,
      "use a kernel with CONFIG_DYNAMIC_FTRACE",
    ),
    readKernelFile(kallsyms, "use a kernel with CONFIG_KALLSYMS"),
  ]);
  return { available, kallsyms: symbols };
}

/** Adds the addresses that can be hooked, which few kernels need to be asked for, and old ones don't tell. */
async function withHooks(files: SymbolFiles, { tracefs }: KernelPaths): Promise<SymbolFiles> {
  const addresses = await readFile(`${tracefs}/available_filter_functions_addrs`);
  return typeof addresses === "number" ? files : { ...files, addresses };
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

/** Reads all functions that vmlinux and these modules describe, traceable or not. */
async function readTypes(
  directory: string,
  modules: readonly string[],
  warn: (message: string) => void,
): Promise<{ described: SkbFunction[]; vmlinux: Btf }> {
  const path = (module: string) => `${directory}/${module}`;
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
