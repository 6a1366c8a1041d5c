import { errnoText } from "../../base/errors.ts";
import type { Refusal } from "./attachment.ts";

/**
 * Links functions together. If the kernel refuses them, it does so without saying which of them it cannot
 * hook: then each half is tried, down to single functions.
 * @param indexes the numbers of the functions
 * @param link returns a negated errno if the kernel refuses
 * @returns the functions that it refuses by themselves
 */
export function linkByHalves(
  indexes: readonly number[],
  link: (indexes: readonly number[]) => number,
): Refusal[] {
  if (indexes.length === 0) return [];
  const result = link(indexes);
  if (result >= 0) return [];
  if (indexes.length === 1) return [{ functionIndex: indexes[0], reason: errnoText(result) }];
  const half = indexes.length >>> 1;
  return [
    ...linkByHalves(indexes.slice(0, half), link),
    ...linkByHalves(indexes.slice(half), link),
  ];
}
