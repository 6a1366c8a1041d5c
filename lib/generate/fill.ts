/** Where completions find the names of the kernel's functions and modules. */
export const FUNCTIONS = "/sys/kernel/tracing/available_filter_functions";
export const MODULES = "/proc/modules";

/** Puts texts in place of the `@NAMES@` of a template. */
export function fill(template: string, texts: Readonly<Record<string, string>>): string {
  return template.replaceAll(/@([A-Z]+)@/g, (_, name) => texts[name]);
}
