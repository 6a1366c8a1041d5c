import { NO_PARTNER } from "./call_tree.ts";
import { orderByGroup } from "./event_order.ts";
import { CHUNK_BITS, CHUNK_MASK, type EventStore } from "./event_store.ts";

/** Which packet each event belongs to. */
export interface Packets {
  /** By event: the packet's number. Packets are numbered by their first event: 0, 1, 2… */
  readonly packetOf: Uint32Array;
  /** The events, packet after packet; those of a packet by time. */
  readonly byPacket: Uint32Array;
}

/**
 * Tells packets apart. An address does not mean one packet, because the allocator hands a freed skb
 * out again at once: the first entry after that of a packet's last function starts another packet.
 * Calls that are still open then return later, and belong to the packet that they were entered with.
 *
 * @param byTime the events by time
 * @param isLast by function index: whether a packet ends with it, see `endsPacket`
 * @param partner see `pairCalls`; where there are entries only, there is none
 */
export function splitPackets(
  events: EventStore,
  byTime: Uint32Array,
  isLast: readonly boolean[],
  partner?: Uint32Array,
): Packets {
  const { addressCount, chunks } = events;
  const packetOf = new Uint32Array(byTime.length);
  // By address: the number, plus one, of its latest packet, and whether that one has ended.
  const latest = new Uint32Array(addressCount);
  const hasEnded = new Uint8Array(addressCount);
  let packetCount = 0;
  for (let i = 0; i < byTime.length; i++) {
    const event = byTime[i];
    const { address, functionIndex, isReturn } = chunks[event >>> CHUNK_BITS];
    const at = event & CHUNK_MASK;
    if (isReturn[at] === 1 && partner !== undefined && partner[event] !== NO_PARTNER) {
      packetOf[event] = packetOf[partner[event]];
      continue;
    }
    const skb = address[at];
    if (latest[skb] === 0 || (hasEnded[skb] === 1 && isReturn[at] === 0)) {
      latest[skb] = ++packetCount;
      hasEnded[skb] = 0;
    }
    packetOf[event] = latest[skb] - 1;
    if (isReturn[at] === 0 && isLast[functionIndex[at]]) hasEnded[skb] = 1;
  }
  return { packetOf, byPacket: orderByGroup(byTime, packetOf, packetCount) };
}
