import type { RowStore } from "./row_store.ts";

/**
 * Numbers packets by their first row: 0, 1, 2… An address does not mean one packet, because the
 * allocator hands a freed skb out again at once: what follows a packet's last function starts
 * another packet.
 *
 * @param rows sorted by time; `packet` is the number of the skb's address, and becomes the packet's
 * @param addressCount how many addresses there are
 * @param isLast by function index: whether a packet ends with it, see `endsPacket`
 */
export function splitPackets(
  rows: RowStore,
  addressCount: number,
  isLast: readonly boolean[],
): void {
  // By address: the number, plus one, of the packet that the next row belongs to; 0 for a new one.
  const current = new Uint32Array(addressCount);
  let packetCount = 0;
  for (const { length, packet, functionIndex } of rows.chunks) {
    for (let i = 0; i < length; i++) {
      const address = packet[i];
      if (current[address] === 0) current[address] = ++packetCount;
      packet[i] = current[address] - 1;
      if (isLast[functionIndex[i]]) current[address] = 0;
    }
  }
}
