/** Where completions look up names: of the kernel's functions and modules, and of the network's parts. */
export const PATHS = {
  FUNCTIONS: "/sys/kernel/tracing/available_filter_functions",
  MODULES: "/proc/modules",
  INTERFACES: "/sys/class/net",
  NAMESPACES: "/run/netns",
};

/**
 * Replaces each `@NAME@` of a template with its text.
 * @param texts by name
 */
export function fill(template: string, texts: Readonly<Record<string, string>>): string {
  return template.replaceAll(/@([A-Z]+)@/g, (_, name) => texts[name]);
}
