import { readKernelText } from "./kernel_file.ts";

/** `none [integrity] confidentiality`: the mode in brackets is on (security/lockdown/lockdown.c). */
const LOCKDOWN = "/sys/kernel/security/lockdown";

/** The kernel's lockdown mode; undefined when securityfs is not mounted or the kernel has none. */
export function lockdownMode(): string | undefined {
  return readKernelText(LOCKDOWN)?.match(/\[(\w+)\]/)?.[1];
}
