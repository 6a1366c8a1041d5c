import { printable } from "../base/printable.ts";
import { printText } from "../output/stdout.ts";
import { selectFunctions } from "../capture/plan.ts";
import { functionFilter } from "../cli/patterns.ts";
import type { FunctionPatterns } from "../cli/request.ts";
import { inspectKernel } from "../kernel/inspect.ts";
import { VMLINUX } from "../kernel/skb_function.ts";

/**
 * Prints the functions that can be traced, one on each line as ftrace does: `name` or `name [module]`.
 * @param warn called for each module whose functions are left out
 */
export async function listFunctions(
  patterns: FunctionPatterns,
  warn: (message: string) => void,
): Promise<void> {
  const filter = await functionFilter(patterns);
  const { functions } = await inspectKernel(warn);
  const lines = selectFunctions(functions, filter)
    .map(({ name, module }) => module === VMLINUX ? name : `${name} [${module}]`);
  await printText(lines.map((line) => `${printable(line)}\n`).join(""));
}
