/**
 * The functions that give the memory of an skb back, and are the last that a packet goes through
 * (net/core/skbuff.c). `.constprop` and `.isra` clones do the whole work; a `.part` or `.cold` is a
 * piece that the function may not reach.
 */
const LAST_FUNCTION = /^(?:kfree_skbmem|napi_skb_cache_put)(?:\.(?:constprop|isra)\.\d+)*$/;

/**
 * Whether a packet ends with this function, so that the next event with the same address belongs to
 * another packet: the allocator hands a freed skb out again at once.
 *
 * Where no such event comes, packets that use one address after another look like one packet: when
 * the compiler has inlined the function, when `--regex` leaves it out, when the mark was cleared on
 * the way, and for skbs that the kernel frees in bulk (`kfree_skb_list_reason`).
 *
 * @param name the symbol, with the compiler's suffix
 */
export function endsPacket(name: string): boolean {
  return LAST_FUNCTION.test(name);
}
