import { CHUNK_BITS, CHUNK_MASK } from "../column_store.ts";
import { orderByTime } from "../event_order.ts";
import type { Stores } from "../event_store.ts";
import { KeyTable } from "../key_table.ts";

/** What packets are ordered by: when their first event in time was, and its number in the trace. */
export interface PacketKey {
  readonly time: number;
  readonly arrival: number;
}

/** The keys of some packets. */
export class PacketKeys {
  /** Ascending. */
  readonly packets: Uint32Array;
  readonly times: Float64Array;
  readonly arrivals: Float64Array;
  readonly #places = new KeyTable();

  /** The keys are 0 until they are set. */
  constructor(packets: Uint32Array) {
    this.packets = packets;
    this.times = new Float64Array(packets.length);
    this.arrivals = new Float64Array(packets.length);
    for (let i = 0; i < packets.length; i++) this.#places.number(packets[i], 0);
  }

  /** The indices of all packets, by their keys. */
  inOrder(): Uint32Array {
    const { times, arrivals } = this;
    const order = orderByTime({ chunks: [times] }, times.length);
    for (let i = 1; i < order.length; i++) {
      const index = order[i];
      let to = i;
      for (; to > 0; to--) {
        const before = order[to - 1];
        if (times[before] < times[index] || arrivals[before] < arrivals[index]) break;
        order[to] = before;
      }
      order[to] = index;
    }
    return order;
  }

  /** The index of a packet, if it is one of them. */
  indexOf(packet: number): number | undefined {
    return this.#places.find(packet, 0);
  }
}

/** What came before the events of a store. */
export interface Before {
  /** How many events. */
  readonly events: number;
  /** The highest number of a packet. */
  readonly packets: number;
  /** The keys of those of its packets that go on in the store. */
  readonly keys: PacketKeys;
}

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
  const count = byTime.length, { packets: base, keys } = before;
  const { times, arrivals } = keys;
  // New packets are dense above `base`; the others follow them.
  const newPackets = Math.max(0, highest(chunks, count) - base);
  const groupOf = (event: number) => {
    const packet = chunks[event >>> CHUNK_BITS][event & CHUNK_MASK];
    return packet > base ? packet - base - 1 : newPackets + keys.indexOf(packet)!;
  };
  const others = keys.inOrder();

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
      const time = timestamp.at(first), arrival = before.events + first;
      for (; other < others.length; other++) {
        const i = others[other];
        if (times[i] > time || (times[i] === time && arrivals[i] > arrival)) break;
        place(newPackets + i);
      }
    }
    place(groupOf(first));
  }
  while (other < others.length) place(newPackets + others[other++]);
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
