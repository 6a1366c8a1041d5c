/** A packet meets it when `skb->mark & mask` equals `value & mask`. Both are u32. */
export interface MarkCondition {
  readonly value: number;
  readonly mask: number;
}

/** Returns the numbers that the programs compare with. Without a condition, every mark matches. */
export function markNumbers(
  { value, mask }: MarkCondition = { value: 0, mask: 0 },
): { wantedMark: number; markMask: number } {
  return { wantedMark: (value & mask) >>> 0, markMask: mask };
}
