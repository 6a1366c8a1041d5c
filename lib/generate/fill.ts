/** Files in which completions look up the names of the kernel's functions and modules. */
export const FUNCTIONS = "/sys/kernel/tracing/available_filter_functions";
export const MODULES = "/proc/modules";

/**
 * Replaces each `@NAME@` of a template with its text.
 * @param texts by name
 */
export function fill(template: string, texts: Readonly<Record<string, string>>): string {
  return template.replaceAll(/@([A-Z]+)@/g, (_, name) => texts[name]);
}
