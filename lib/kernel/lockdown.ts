/** `none [integrity] confidentiality`: the mode in brackets is on (security/lockdown/lockdown.c). */
const LOCKDOWN = "/sys/kernel/security/lockdown";

/** The kernel's lockdown mode; undefined when securityfs is not mounted or the kernel has none. */
export function lockdownMode(): string | undefined {
  try {
    return Deno.readTextFileSync(LOCKDOWN).match(/\[(\w+)\]/)?.[1];
  } catch {
    return undefined;
  }
}
