/** A condition on `skb->mark`: it holds when `mark & mask` equals `value & mask`. Both are u32. */
export interface MarkCondition {
  readonly value: number;
  readonly mask: number;
}

/** The numbers that the programs compare by; without a condition every mark will do. */
export function markNumbers(
  { value, mask }: MarkCondition = { value: 0, mask: 0 },
): { wantedMark: number; markMask: number } {
  return { wantedMark: (value & mask) >>> 0, markMask: mask };
}
