/** What `ipft` says of the functions that it traces, and of those that it does not. */
import { plural } from "../base/plural.ts";
import type { Refusal } from "../bpf/attach/attachment.ts";
import type { ModuleReport } from "../capture/late_modules.ts";
import type { LiveSource } from "../capture/live_source.ts";
import type { TracePlan } from "../capture/plan.ts";
import type { TracedFunction } from "../event/trace_header.ts";

type Tell = (message: string) => void;

/**
 * Says what is traced, and what is not though it was asked for.
 * @param verbose whether to name all that is not
 */
export function tellAttached(
  { functions, backend, unreachable, leftOut }: TracePlan,
  refused: readonly Refusal[],
  verbose: boolean,
  tell: Tell,
): void {
  tell(
    `Attached to ${plural(functions.length - refused.length, "function")} with ${backend.name}.`,
  );
  if (unreachable > 0) {
    tell(
      `Not traced, because ${backend.name} cannot find them by name: ` +
        plural(unreachable, "function"),
    );
  }
  tellRefused(refused, functions, verbose, tell);
  if (verbose && leftOut.length > 0) {
    const names = leftOut.map(({ name }) => name).join(", ");
    tell(`Not traced, because the compiler may have moved their arguments: ${names}`);
  }
}

/** Says what has become of the functions of a module that was loaded during the trace. */
export function tellModule(
  { module, attached, unreachable, refused, problem }: ModuleReport,
  { header, plan: { backend } }: LiveSource,
  verbose: boolean,
  tell: Tell,
): void {
  if (problem !== undefined) {
    tell(`Not traced: the functions of module ${module}, which was just loaded: ${problem}`);
  }
  if (attached > 0) {
    tell(`Attached to ${plural(attached, "more function")}, of module ${module}.`);
  }
  if (unreachable > 0) {
    tell(`Not traced with ${backend.name}: ${plural(unreachable, "function")} of module ${module}`);
  }
  tellRefused(refused, header.functions, verbose, tell);
}

function tellRefused(
  refused: readonly Refusal[],
  functions: readonly TracedFunction[],
  verbose: boolean,
  tell: Tell,
): void {
  if (refused.length === 0) return;
  const shown = (verbose ? refused : refused.slice(0, 3))
    .map(({ functionIndex, reason }) => `${functions[functionIndex].name}: ${reason}`);
  const rest = refused.length - shown.length;
  if (rest > 0) shown.push(`and ${rest} more (-v lists them)`);
  tell(`Not traced, because the kernel refused: ${shown.join(", ")}`);
}
