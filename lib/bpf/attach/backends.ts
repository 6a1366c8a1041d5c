import { IpftError, usageError } from "../../base/errors.ts";
import type { Tracer } from "../../event/trace_header.ts";
import { type Capabilities, REQUIREMENTS } from "../../kernel/capabilities.ts";
import type { Backend, Method } from "./backend.ts";
import { ftrace } from "./ftrace.ts";
import { kprobe } from "./kprobe.ts";
import { kprobeMulti } from "./kprobe_multi.ts";

/** All backends, best first. */
export const BACKENDS = [kprobeMulti, kprobe, ftrace] as const satisfies readonly Backend[];

/** What `--backend` takes. */
export type BackendName = typeof BACKENDS[number]["name"];

export const BACKEND_NAMES: readonly BackendName[] = BACKENDS.map(({ name }) => name);

/** A backend with the method that it uses on this kernel. */
export interface Choice {
  readonly backend: Backend & { readonly name: BackendName };
  readonly method: Method;
}

/** A choice, with what the kernel lacks for it. */
export interface BackendGaps extends Choice {
  readonly missing: readonly string[];
}

/** Lists the backends of a tracer, best first, each with its best method that works or else its last. */
export function backendGaps(capabilities: Capabilities, tracer: Tracer): BackendGaps[] {
  return BACKENDS.flatMap((backend: Choice["backend"]) => {
    const methods = backend.methods.filter((method) => method.tracer === tracer)
      .map((method) => ({ backend, method, missing: missingFor(method, capabilities) }));
    return methods.find(works) ?? methods.slice(-1);
  });
}

function missingFor({ needs }: Method, capabilities: Capabilities): string[] {
  return needs.filter((need) => !capabilities[need]).map((need) => {
    const [what, requirement] = REQUIREMENTS[need];
    return `${what} (${requirement})`;
  });
}

function works({ missing }: BackendGaps): boolean {
  return missing.length === 0;
}

/**
 * Chooses the wanted backend, or the best that works on the kernel.
 * @throws IpftError that says what the kernel lacks
 */
export function chooseMethod(
  capabilities: Capabilities,
  tracer: Tracer,
  wanted?: BackendName,
): Choice {
  const gaps = backendGaps(capabilities, tracer);
  const candidates = gaps.filter(({ backend }) => wanted === undefined || backend.name === wanted);
  if (candidates.length === 0) {
    const others = gaps.map(({ backend }) => backend.name).join(" or ");
    throw usageError(`the backend ${wanted} cannot trace ${tracer}`, `use --backend ${others}`);
  }
  const chosen = candidates.find(works);
  if (chosen !== undefined) return chosen;
  const usable = gaps.find(works);
  throw new IpftError(
    `this kernel cannot trace with ${wanted ?? "any backend"}: it lacks ` +
      candidates[0].missing.join(", "),
    usable ? `use --backend ${usable.backend.name}` : "use a newer kernel (see: ipft doctor)",
  );
}
