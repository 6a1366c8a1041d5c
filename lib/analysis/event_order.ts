import type { ColumnStore } from "./column_store.ts";

/** 2,048 buckets a pass: about as many as a CPU's caches keep open for writing at once. */
const DIGIT_BITS = 11;
const BUCKETS = 1 << DIGIT_BITS;

/** Up to so many moves an event, sorting by insertion takes less time than a radix sort. */
const MOVES = 16;

/**
 * Returns the numbers of the events in the order of their times. Events of the same time stay in the
 * order of their arrival. Linear in time.
 *
 * Sources give events nearly in order, so they are sorted by insertion as long as few have to move. The
 * others are sorted by radix, least significant digit first. The timestamps move along with the numbers,
 * to read memory in sequence.
 *
 * @param times of `count` events
 */
export function orderByTime(
  { chunks }: Pick<ColumnStore<"time">, "chunks">,
  count: number,
): Uint32Array {
  let order = new Uint32Array(count);
  for (let event = 0; event < count; event++) order[event] = event;
  if (isInOrder(chunks, count)) return order;

  let times = new Float64Array(count);
  let at = 0;
  for (const chunk of chunks) {
    const length = Math.min(chunk.length, count - at);
    times.set(chunk.subarray(0, length), at);
    at += length;
  }
  if (insert(times, order, MOVES * count)) return order;

  const latest = shiftToZero(times);
  let spareOrder = new Uint32Array(count);
  let spareTimes = new Float64Array(count);
  for (let unit = 1; unit <= latest; unit *= BUCKETS) {
    pass(times, order, spareTimes, spareOrder, 1 / unit);
    [times, spareTimes] = [spareTimes, times];
    [order, spareOrder] = [spareOrder, order];
  }
  return order;
}

function isInOrder(chunks: readonly Float64Array[], count: number): boolean {
  let latest = -Infinity;
  let left = count;
  for (const chunk of chunks) {
    const length = Math.min(chunk.length, left);
    for (let i = 0; i < length; i++) {
      if (chunk[i] < latest) return false;
      latest = chunk[i];
    }
    left -= length;
  }
  return true;
}

/** Sorts by insertion; false when that takes too many moves, which leaves the rest as it was. */
function insert(times: Float64Array, order: Uint32Array, moves: number): boolean {
  for (let i = 1; i < times.length; i++) {
    const time = times[i];
    if (times[i - 1] <= time) continue;
    const event = order[i];
    let to = i;
    for (; to > 0 && times[to - 1] > time; to--) {
      times[to] = times[to - 1];
      order[to] = order[to - 1];
    }
    times[to] = time;
    order[to] = event;
    moves -= i - to;
    if (moves < 0) return false;
  }
  return true;
}

/** Subtracts the earliest time from all; returns the latest after that. */
function shiftToZero(times: Float64Array): number {
  let smallest = Infinity, largest = -Infinity;
  for (let i = 0; i < times.length; i++) {
    if (times[i] < smallest) smallest = times[i];
    if (times[i] > largest) largest = times[i];
  }
  for (let i = 0; i < times.length; i++) times[i] -= smallest;
  return largest - smallest;
}

/** Sorts by one digit of the times, the lowest after `scale`, into the other two arrays. */
function pass(
  times: Float64Array,
  order: Uint32Array,
  sortedTimes: Float64Array,
  sortedOrder: Uint32Array,
  scale: number,
): void {
  // Multiplying by a power of two loses no bit, and `&` takes the integer part modulo 2^32.
  const next = new Uint32Array(BUCKETS + 1);
  for (let i = 0; i < times.length; i++) next[((times[i] * scale) & (BUCKETS - 1)) + 1]++;
  addUp(next);
  for (let i = 0; i < times.length; i++) {
    const to = next[(times[i] * scale) & (BUCKETS - 1)]++;
    sortedTimes[to] = times[i];
    sortedOrder[to] = order[i];
  }
}

/** Replaces `[0, size of bucket 0, size of bucket 1, …]` by where each bucket begins. */
function addUp(sizes: Uint32Array): void {
  for (let i = 1; i < sizes.length; i++) sizes[i] += sizes[i - 1];
}
