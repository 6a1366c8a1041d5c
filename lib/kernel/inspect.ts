/** Finds out all that ipft must know about the running kernel before it loads anything. */
import { IpftError } from "../base/errors.ts";
import { probeCapabilities } from "./capabilities.ts";
import { KERNEL_PATHS, loadSkbFunctions } from "./functions.ts";
import type { Kernel } from "./kernel.ts";
import { kernelKey, readKernelCache, writeKernelCache } from "./kernel_cache.ts";
import { readKernelText } from "./kernel_file.ts";
import { findBtfIds } from "./btf_ids.ts";
import { TracefsMount } from "./tracefs.ts";

/**
 * Reads the kernel's types and symbols. That is half of the time until a trace is ready, so the result is
 * cached until the kernel or its modules change.
 *
 * @param warn called for each module whose types cannot be read; its functions are left out
 * @throws IpftError without root, tracefs or BTF, and on a kernel in confidentiality lockdown
 */
export async function inspectKernel(warn: (message: string) => void): Promise<Kernel> {
  requireRoot();
  if (lockdownMode() === "confidentiality") {
    throw new IpftError(
      "the kernel is locked down (confidentiality): no program may read its memory",
      "boot it with lockdown=integrity, or without Secure Boot",
    );
  }
  const key = kernelKey();
  const cached = key && readKernelCache(key);
  const kernel = cached || await readKernel();
  // The key differs when a module was loaded or unloaded meanwhile.
  if (!cached && key && key === kernelKey()) writeKernelCache(key, kernel);
  kernel.warnings.forEach((warning) => warn(warning));
  return kernel;
}

/** @throws IpftError when this process is not root's */
export function requireRoot(): void {
  if (Deno.uid() === 0) return;
  throw new IpftError("ipft must be root to trace the kernel", "run it with sudo");
}

async function readKernel(): Promise<Kernel> {
  using tracefs = new TracefsMount();
  const warnings: string[] = [];
  const { functions, leftOut, describesVariants, vmlinux, variables } = await loadSkbFunctions(
    { ...KERNEL_PATHS, tracefs: tracefs.directory },
    (warning) => warnings.push(warning),
  );
  const btfIds = findBtfIds(vmlinux, variables);
  return {
    capabilities: probeCapabilities(vmlinux, btfIds),
    btfIds,
    functions,
    leftOut,
    describesVariants,
    warnings,
  };
}

/**
 * The kernel's lockdown mode; undefined when securityfs is not mounted or the kernel has no lockdown. The
 * file reads `none [integrity] confidentiality`: the mode in force is in brackets (security/lockdown/lockdown.c).
 */
export function lockdownMode(): string | undefined {
  return readKernelText("/sys/kernel/security/lockdown")?.match(/\[(\w+)\]/)?.[1];
}
