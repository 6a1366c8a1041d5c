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
  readonly backend: Backend;
  readonly method: Method;
}

/** A choice, and what the kernel lacks for it. */
export interface BackendGaps extends Choice {
  readonly missing: readonly string[];
}

/** The backends of a tracer, best first, each with the best method that works or the least demanding. */
export function backendGaps(capabilities: Capabilities, tracer: Tracer): BackendGaps[] {
  return BACKENDS.flatMap((backend: Backend) => {
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
 * Chooses how to trace: with the wanted backend, or with the best that the kernel has.
 * @throws IpftError that says what is missing
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
