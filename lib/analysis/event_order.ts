import type { EventStore } from "./event_store.ts";

/** 2,048 buckets a pass: about as many as a CPU's caches keep open for writing at once. */
const DIGIT_BITS = 11;
const BUCKETS = 1 << DIGIT_BITS;

/**
 * The numbers of the events, by time; events of the same time stay in the order of their arrival.
 *
 * Events that came in order are only read. Else this is a radix sort, least significant digit first:
 * linear in time. It moves the timestamps along with the numbers, so as to read memory in sequence.
 */
export function orderByTime(events: EventStore): Uint32Array {
  let order = new Uint32Array(events.length);
  for (let event = 0; event < order.length; event++) order[event] = event;
  const { smallest, largest, isInOrder } = scan(events);
  if (isInOrder) return order;

  let times = new Float64Array(order.length);
  let at = 0;
  for (const { timestamp, length } of events.chunks) {
    for (let i = 0; i < length; i++) times[at++] = timestamp[i] - smallest;
  }
  let spareOrder = new Uint32Array(order.length);
  let spareTimes = new Float64Array(order.length);
  for (let unit = 1; unit <= largest - smallest; unit *= BUCKETS) {
    pass(times, order, spareTimes, spareOrder, 1 / unit);
    [times, spareTimes] = [spareTimes, times];
    [order, spareOrder] = [spareOrder, order];
  }
  return order;
}

function scan({ chunks }: EventStore) {
  let smallest = Infinity;
  let largest = -Infinity;
  let isInOrder = true;
  for (const { timestamp, length } of chunks) {
    for (let i = 0; i < length; i++) {
      if (timestamp[i] < largest) isInOrder = false;
      else largest = timestamp[i];
      if (timestamp[i] < smallest) smallest = timestamp[i];
    }
  }
  return { smallest, largest, isInOrder };
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

/**
 * The numbers of the events, group after group; within a group they stay in order.
 * @param groupOf by event: the number of its group, below `groupCount`
 */
export function orderByGroup(
  order: Uint32Array,
  groupOf: Uint32Array,
  groupCount: number,
): Uint32Array {
  const next = new Uint32Array(groupCount + 1);
  for (let event = 0; event < groupOf.length; event++) next[groupOf[event] + 1]++;
  addUp(next);
  const grouped = new Uint32Array(order.length);
  for (let i = 0; i < order.length; i++) grouped[next[groupOf[order[i]]]++] = order[i];
  return grouped;
}

/** Makes of `[0, size of group 0, size of group 1, …]` where each group begins. */
function addUp(sizes: Uint32Array): void {
  for (let i = 1; i < sizes.length; i++) sizes[i] += sizes[i - 1];
}
