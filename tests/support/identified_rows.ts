/** Rows for tests of stages, which look at few columns. */
import { IdentifyPackets } from "../../lib/analysis/identify_packets.ts";
import { EventBatch } from "../../lib/event/batch.ts";
import { DATA } from "../../lib/event/section.ts";
import type { Tracer } from "../../lib/event/trace_header.ts";

/** Functions that are in the midst of a journey, and one that ends it. */
export const [MIDDLE, LAST] = [0, 1];
export const FUNCTIONS = [
  { name: "ip_rcv", module: "vmlinux" },
  { name: "kfree_skbmem", module: "vmlinux" },
];

/** An event: which skb, which function, whether it is a return, and of which task. */
export type StageRow = readonly [skb: number, functionIndex: number, isReturn?: 1, task?: number];

/** A batch of rows. The timestamp of each, and each word of its data, is its number. */
export function batchOf(rows: readonly StageRow[]): EventBatch {
  const batch = new EventBatch(Math.max(1, rows.length), [DATA]);
  const { columns } = batch;
  const { bytes } = batch.section(DATA)!;
  rows.forEach(([skb, functionIndex, isReturn, task], row) => {
    columns.skb[2 * row] = skb;
    columns.skb[2 * row + 1] = 0xffff8880;
    columns.functionIndex[row] = functionIndex;
    columns.isReturn[row] = isReturn ?? 0;
    columns.task[row] = task ?? 0;
    columns.timestamp[row] = row;
    bytes.fill(row, row * 16, row * 16 + 16);
  });
  batch.length = rows.length;
  return batch;
}

/** A stage that identifies packets among `FUNCTIONS`. */
export function identifier(tracer: Tracer = "function"): IdentifyPackets {
  return new IdentifyPackets({ tracer, functions: FUNCTIONS });
}

/** The packet of each row, by a stage that has seen nothing before. */
export function packetsOf(rows: readonly StageRow[], tracer?: Tracer): number[] {
  const batch = batchOf(rows);
  identifier(tracer).apply(batch);
  return Array.from(batch.columns.packet.subarray(0, batch.length));
}
