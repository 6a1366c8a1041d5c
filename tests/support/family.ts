/** A short trace that follows packets: a ping that is cloned, and whose copy is merged into another packet. */
import type { Lineage } from "./followed.ts";
import type { Row } from "./row.ts";

const MATCHED: Lineage = { packet: 3, relative: 0, journey: 3, origin: 0 };
const COPY: Lineage = { packet: 12, relative: 3, journey: 3, origin: 1 };
const MERGED: Lineage = { packet: 12, relative: 5, journey: 3, origin: 7 };
const OTHER: Lineage = { packet: 5, relative: 0, journey: 5, origin: 0 };

function entry(skb: bigint, timestamp: number, functionIndex: number, lineage: Lineage): Row {
  return { skb, timestamp, functionIndex, cpu: 1, task: 7, lineage };
}

function exit(skb: bigint, timestamp: number, functionIndex: number): Row {
  return { skb, timestamp, functionIndex, cpu: 1, task: 7, isReturn: true };
}

const [A, B, C] = [0xffff_8880_03e1_a900n, 0xffff_8880_03e1_aa00n, 0xffff_8880_03e1_ab00n];
const [IP_RCV, KFREE_SKBMEM, CONNTRACK] = [0, 1, 2];

/** In `function_graph`, the last return lost its entry. */
export const FAMILY: readonly Row[] = [
  entry(A, 10, IP_RCV, MATCHED),
  entry(B, 20, CONNTRACK, COPY),
  exit(B, 30, CONNTRACK),
  entry(C, 40, IP_RCV, OTHER),
  exit(C, 50, IP_RCV),
  entry(B, 60, IP_RCV, COPY),
  exit(B, 70, IP_RCV),
  entry(B, 80, KFREE_SKBMEM, MERGED),
  exit(B, 90, KFREE_SKBMEM),
  exit(A, 100, IP_RCV),
  exit(C, 110, CONNTRACK),
];

/** Its entries. */
export const FAMILY_ENTRIES: readonly Row[] = FAMILY.filter(({ isReturn }) => !isReturn);
