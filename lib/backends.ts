import { IpftError } from "./errors.ts";
import type { Backend } from "./options.ts";
import { type Capabilities, REQUIREMENTS } from "./kernel/capabilities.ts";

/** What each backend of the function tracer needs, best first. */
const NEEDS: readonly (readonly [Backend, readonly (keyof Capabilities)[]])[] = [
  ["kprobe-multi", ["ringBuffer", "kprobeMulti"]],
  ["kprobe", ["ringBuffer", "kprobe"]],
  ["ftrace", ["ringBuffer", "fentry"]],
];

/** The backends of the function tracer, best first, each with what this kernel lacks for it. */
export function backendGaps(
  capabilities: Capabilities,
): { backend: Backend; missing: string[] }[] {
  return NEEDS.map(([backend, needs]) => ({
    backend,
    missing: needs.filter((need) => !capabilities[need]).map((need) => {
      const [what, requirement] = REQUIREMENTS[need];
      return `${what} (${requirement})`;
    }),
  }));
}

/**
 * The backend to trace with: the wanted one, or the best that the kernel has.
 * @throws IpftError that says what is missing
 */
export function chooseBackend(capabilities: Capabilities, wanted?: Backend): Backend {
  const gaps = backendGaps(capabilities);
  const usable = gaps.filter(({ missing }) => missing.length === 0).map(({ backend }) => backend);
  const backend = wanted ?? usable[0];
  if (backend !== undefined && usable.includes(backend)) return backend;
  const { missing } = gaps.find((gap) => gap.backend === wanted) ?? gaps[0];
  throw new IpftError(
    `this kernel cannot trace with ${wanted ?? "any backend"}: it lacks ${missing.join(", ")}`,
    usable.length > 0 ? `use --backend ${usable[0]}` : "use a newer kernel (see: ipft doctor)",
  );
}
