/** Returns the index of the last element of `sorted` that is not above `value`; -1 if all are. */
export function lastNotAbove(sorted: Uint32Array | Float64Array, value: number): number {
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = low + high >>> 1;
    if (sorted[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
