import type { Method } from "./method.ts";
import { IpftError, usageError } from "../../base/errors.ts";
import { type Capabilities, REQUIREMENTS } from "../../kernel/capabilities.ts";
import type { Tracer } from "../../event/trace_header.ts";

/** Names of the backends: how programs are attached to functions. */
export const BACKENDS = ["kprobe", "kprobe-multi", "ftrace"] as const;
export type BackendName = typeof BACKENDS[number];

/** The methods of each tracer, best first: their backend, and what they need. */
const METHODS: Readonly<
  Record<Tracer, readonly (readonly [Method, BackendName, readonly (keyof Capabilities)[]])[]>
> = {
  function: [
    ["kprobe-multi", "kprobe-multi", ["ringBuffer", "kprobeMulti"]],
    ["kprobe", "kprobe", ["ringBuffer", "kprobe"]],
    ["fentry", "ftrace", ["ringBuffer", "fentry"]],
  ],
  function_graph: [
    ["kprobe-session", "kprobe-multi", ["ringBuffer", "kprobeSession"]],
    ["kprobe-multi-pair", "kprobe-multi", ["ringBuffer", "kprobeMulti"]],
    ["fentry-fexit", "ftrace", ["ringBuffer", "fentry"]],
  ],
};

/** A backend, the method that it means on this kernel, and what the kernel lacks for it. */
export interface BackendGaps {
  readonly backend: BackendName;
  readonly method: Method;
  readonly missing: readonly string[];
}

/** The backends of a tracer, best first. */
export function backendGaps(capabilities: Capabilities, tracer: Tracer): BackendGaps[] {
  const methods = METHODS[tracer].map(([method, backend, needs]) => ({
    method,
    backend,
    missing: needs.filter((need) => !capabilities[need]).map((need) => {
      const [what, requirement] = REQUIREMENTS[need];
      return `${what} (${requirement})`;
    }),
  }));
  // Of a backend with several methods the best that works, or the one that needs least.
  return Array.from(
    Map.groupBy(methods, ({ backend }) => backend).values(),
    (all) => all.find(works) ?? all.at(-1)!,
  );
}

function works({ missing }: BackendGaps): boolean {
  return missing.length === 0;
}

/**
 * How to trace: with the wanted backend, or the best that the kernel has.
 * @throws IpftError that says what is missing
 */
export function chooseMethod(
  capabilities: Capabilities,
  tracer: Tracer,
  wanted?: BackendName,
): Pick<BackendGaps, "backend" | "method"> {
  const gaps = backendGaps(capabilities, tracer);
  const candidates = gaps.filter(({ backend }) => wanted === undefined || backend === wanted);
  if (candidates.length === 0) {
    const others = gaps.map(({ backend }) => backend).join(" or ");
    throw usageError(`the backend ${wanted} cannot trace ${tracer}`, `use --backend ${others}`);
  }
  const chosen = candidates.find(works);
  if (chosen !== undefined) return chosen;
  const usable = gaps.find(works);
  throw new IpftError(
    `this kernel cannot trace with ${wanted ?? "any backend"}: it lacks ` +
      candidates[0].missing.join(", "),
    usable ? `use --backend ${usable.backend}` : "use a newer kernel (see: ipft doctor)",
  );
}
