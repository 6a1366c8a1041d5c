import { CHUNK_BITS, CHUNK_MASK } from "../column_store.ts";
import type { Stores } from "../event_store.ts";

/** What packets are ordered by: when their first event in time was, and its number in the trace. */
export interface PacketKey {
  readonly time: number;
  readonly arrival: number;
}

/** Whether packet `a` comes before packet `b`. */
export function isBefore(a: PacketKey, b: PacketKey): boolean {
  return a.time < b.time || (a.time === b.time && a.arrival < b.arrival);
}

/** What came before the events of a store. */
export interface Before {
  /** How many events. */
  readonly events: number;
  /** The highest number of a packet. */
  readonly packets: number;
  /** The keys of those of its packets that go on in the store. */
  readonly keys: ReadonlyMap<number, PacketKey>;
}

export const NOTHING_BEFORE: Before = { events: 0, packets: 0, keys: new Map() };

/** Events, packet after packet. */
export interface PacketOrder {
  /** Their numbers in the store. Those of a packet are by time. */
  readonly events: Uint32Array;
  /** Where in `events` each packet begins, and where the last one ends. */
  readonly starts: Uint32Array;
}

/**
 * Orders events by their packets, and these by their keys: a packet that has begun in the store by its
 * first event in it, another one by the key that it has in `before`.
 * @param byTime the numbers of the events, each once, by time
 */
export function orderByPacket(
  byTime: Uint32Array,
  { packet: { chunks }, timestamp }: Stores<"packet" | "timestamp">,
  before: Before,
): PacketOrder {
  const count = byTime.length, base = before.packets;
  // New packets are dense above `base`; the others follow them in the order of their keys.
  const others = [...before.keys].sort(([, a], [, b]) => isBefore(a, b) ? -1 : 1);
  const newPackets = Math.max(0, highest(chunks, count) - base);
  const groupOfOther = new Map(others.map(([packet], i) => [packet, newPackets + i]));
  const groupOf = (event: number) => {
    const packet = chunks[event >>> CHUNK_BITS][event & CHUNK_MASK];
    return packet > base ? packet - base - 1 : groupOfOther.get(packet)!;
  };

  const sizes = new Uint32Array(newPackets + others.length);
  /** The first event of each new packet. */
  const firsts = new Uint32Array(newPackets);
  let seen = 0;
  for (let i = 0; i < count; i++) {
    const group = groupOf(byTime[i]);
    if (sizes[group]++ === 0 && group < newPackets) firsts[seen++] = byTime[i];
  }

  const starts = new Uint32Array(sizes.length + 1);
  const next = sizes;
  let groups = 0, start = 0;
  const place = (group: number) => {
    const size = sizes[group];
    starts[groups++] = next[group] = start;
    start += size;
  };
  let other = 0;
  for (let i = 0; i < seen; i++) {
    const first = firsts[i];
    if (other < others.length) {
      const key = { time: timestamp.at(first), arrival: before.events + first };
      while (other < others.length && isBefore(others[other][1], key)) place(newPackets + other++);
    }
    place(groupOf(first));
  }
  while (other < others.length) place(newPackets + other++);
  starts[groups] = start;

  const events = new Uint32Array(count);
  for (let i = 0; i < count; i++) events[next[groupOf(byTime[i])]++] = byTime[i];
  return { events, starts: starts.subarray(0, groups + 1) };
}

function highest(chunks: readonly Uint32Array[], count: number): number {
  let highest = 0;
  for (const chunk of chunks) {
    const length = Math.min(chunk.length, count);
    for (let i = 0; i < length; i++) if (chunk[i] > highest) highest = chunk[i];
    count -= length;
  }
  return highest;
}
