/** FollowJourneys from its definition, in plain objects and without a thought of speed. */
import { type LINEAGE, NO_PACKET } from "../../lib/event/lineage.ts";
import type { Row } from "./row.ts";

/** The columns of `LINEAGE` of a row. */
export type Lineage = { readonly [Column in keyof typeof LINEAGE.columns]: number };

/** What a return has whose entry is missing. */
export const NOBODY: Lineage = { packet: NO_PACKET, relative: 0, journey: 0, origin: 0 };

/** What an event has once it is identified. */
export interface Followed {
  readonly lineage: Lineage;
  readonly journey: number;
  readonly isFirst: boolean;
  /** 0 for a return without its entry. */
  readonly call: number;
  /** The entry of a return. */
  readonly entry?: Row;
}

/** @param rows their entries have a lineage */
export function follow(rows: readonly Row[]): Followed[] {
  const journeys: (number | "unknown")[] = [];
  const numberOf = (journey: number | "unknown") => {
    if (!journeys.includes(journey)) journeys.push(journey);
    return journeys.indexOf(journey) + 1;
  };
  const stacks = new Map<number, { row: Row; call: number }[]>();
  const latest = new Map<bigint, number>();
  let calls = 0;
  return rows.map((row) => {
    const stack = stacks.get(row.task ?? 0) ?? [];
    stacks.set(row.task ?? 0, stack);
    if (row.isReturn) {
      const at = stack.findLastIndex(({ row: { skb, functionIndex } }) =>
        skb === row.skb && functionIndex === row.functionIndex
      );
      if (at < 0) {
        return { lineage: NOBODY, journey: numberOf("unknown"), isFirst: false, call: 0 };
      }
      const { row: entry, call } = stack[at];
      stack.length = at;
      const lineage = entry.lineage!;
      return { lineage, journey: numberOf(lineage.journey), isFirst: false, call, entry };
    }
    const lineage = row.lineage!;
    const isFirst = latest.get(row.skb) !== lineage.packet;
    latest.set(row.skb, lineage.packet);
    stack.push({ row, call: ++calls });
    return { lineage, journey: numberOf(lineage.journey), isFirst, call: calls };
  });
}

/** The rows with the lineage that they have once they are identified; as they are in other traces. */
export function withLineage(rows: readonly Row[]): Row[] {
  if (!isFollowed(rows)) return [...rows];
  const followed = follow(rows);
  return rows.map((row, i) => ({ ...row, lineage: followed[i].lineage }));
}

/** Whether the rows are of a trace that follows packets. */
export function isFollowed(rows: readonly Row[]): boolean {
  return rows.some(({ lineage }) => lineage !== undefined);
}

/** How the note reads at the end of a line. */
export function noteOf({ relative, origin }: Lineage): string {
  const notes = [
    "",
    ` [copy of ${relative}]`,
    ` [segment of ${relative}]`,
    ` [fragment of ${relative}]`,
    ` [split from ${relative}]`,
    ` [tap's copy of ${relative}]`,
    ` [with data of ${relative}]`,
    ` [merged into ${relative}]`,
  ];
  return notes[origin];
}

/**
 * What lines of a block have besides, in traces that follow packets: the column with the packet's number,
 * and notes where they are new.
 * @param rows all of the trace
 */
export function blockLines(rows: readonly Row[]) {
  const isPlain = !isFollowed(rows);
  const numbers = rows.map(({ lineage }) => String(lineage?.packet ?? ""));
  const width = numbers.reduce((width, { length }) => Math.max(width, length), "Packet".length);
  return {
    heading: isPlain ? "" : ` ${"Packet".padStart(width)}`,
    /** The column of a row. */
    number({ lineage }: Row): string {
      return isPlain ? "" : ` ${(lineage!.packet || "?").toString().padStart(width)}`;
    },
    /** The notes of a block, by row. @param block its rows that are shown, in their order */
    notes(block: readonly Row[]): Map<Row, string> {
      const said = new Map<number, string>();
      return new Map(block.map((row) => {
        const note = isPlain ? "" : noteOf(row.lineage!);
        if (note === "" || said.get(row.lineage!.packet) === note) return [row, ""];
        said.set(row.lineage!.packet, note);
        return [row, note];
      }));
    },
  };
}
