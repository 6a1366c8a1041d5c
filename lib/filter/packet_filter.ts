/** A packet matches when `skb->mark & mask` equals `value & mask`. */
export interface MarkCondition {
  readonly value: number;
  readonly mask: number;
}

/** Which packets to trace: those that meet every condition. */
export interface PacketFilter {
  readonly mark?: MarkCondition;
  readonly program?: Uint8Array<ArrayBuffer>;
}
