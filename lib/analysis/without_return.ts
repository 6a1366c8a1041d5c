import type { TracedFunction } from "../event/trace_header.ts";

/**
 * Says which functions have events without a return, so that these open no call: 1 by the index of each.
 * @returns undefined if there is none; those that are appended during a trace all have returns
 */
export function withoutReturn(functions: readonly TracedFunction[]): Uint8Array | undefined {
  if (!functions.some(({ hasNoReturn }) => hasNoReturn)) return undefined;
  return Uint8Array.from(functions, ({ hasNoReturn }) => hasNoReturn ? 1 : 0);
}
