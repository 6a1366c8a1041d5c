/** What there is to know of the running kernel before anything is loaded. */
import { IpftError } from "../base/errors.ts";
import { withAddresses } from "./addresses.ts";
import { type Capabilities, probeCapabilities } from "./capabilities.ts";
import { loadSkbFunctions } from "./functions.ts";
import { kernelKey, readKernelCache, writeKernelCache } from "./kernel_cache.ts";
import { readKernelFile } from "./kernel_file.ts";
import { lockdownMode } from "./lockdown.ts";
import { type BtfIds, findBtfIds } from "./btf_ids.ts";
import type { SkbFunction } from "./skb_function.ts";
import { TracefsMount } from "./tracefs_mount.ts";

/** The running kernel: what it can do, and its functions with a `struct sk_buff *` argument. */
export interface Kernel {
  readonly capabilities: Capabilities;
  readonly btfIds: BtfIds;
  readonly functions: readonly SkbFunction[];
  /** Modules whose functions are left out, and why. */
  readonly warnings: readonly string[];
}

/**
 * Reads the kernel's types and symbols, which takes half of the time until a trace is ready. As long as
 * the kernel and its modules stay as they are, the next ipft takes what the first one has found.
 *
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
  const key = kernelKey();
  const cached = key && readKernelCache(key);
  const kernel = cached || await readKernel();
  // Not when a module came or went meanwhile.
  if (!cached && key && key === kernelKey()) writeKernelCache(key, kernel);
  kernel.warnings.forEach((warning) => warn(warning));
  return kernel;
}

async function readKernel(): Promise<Kernel> {
  using tracefs = new TracefsMount();
  const warnings: string[] = [];
  // The kernel takes its time to render either file: they are read side by side.
  const [{ functions, vmlinux }, kallsyms] = await Promise.all([
    loadSkbFunctions(tracefs.directory, (warning) => warnings.push(warning)),
    readKernelFile("/proc/kallsyms", "use a kernel with CONFIG_KALLSYMS"),
  ]);
  const btfIds = findBtfIds(vmlinux);
  return {
    capabilities: probeCapabilities(vmlinux, btfIds),
    btfIds,
    functions: withAddresses(functions, kallsyms),
    warnings,
  };
}
