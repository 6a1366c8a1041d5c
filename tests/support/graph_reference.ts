/** GraphSink's output from its definition, in plain objects and without a thought of speed. */
import { blockLines } from "./followed.ts";
import type { TraceInfo } from "./sink_fixture.ts";
import type { Row } from "./row.ts";

/** Entry to return, and return to entry, of the calls that have both. */
export type Partners = ReadonlyMap<Row, Row>;

export function byTime(rows: readonly Row[]): Row[] {
  return rows.toSorted((a, b) => a.timestamp - b.timestamp);
}

/** Pairs calls as the kernel nests them: a stack for each task. */
export function pairByStack(rows: readonly Row[]): Partners {
  const partners = new Map<Row, Row>();
  const stacks = new Map<number, Row[]>();
  for (const row of byTime(rows)) {
    const stack = stacks.get(row.task!) ?? [];
    stacks.set(row.task!, stack);
    if (!row.isReturn) {
      stack.push(row);
      continue;
    }
    const at = stack.findLastIndex(({ functionIndex, skb }) =>
      functionIndex === row.functionIndex && skb === row.skb
    );
    if (at < 0) continue;
    partners.set(row, stack[at]).set(stack[at], row);
    stack.length = at;
  }
  return partners;
}

/** The events of each packet or journey, by time; packets by their first. */
export function packetsOf(
  rows: readonly Row[],
  partners: Partners,
  endsPacket: (row: Row) => boolean,
): Row[][] {
  const packets: Row[][] = [];
  const packetOfEntry = new Map<Row, Row[]>();
  const latest = new Map<unknown, { packet: Row[]; hasEnded: boolean }>();
  for (const row of byTime(rows)) {
    if (row.isReturn && partners.has(row)) {
      packetOfEntry.get(partners.get(row)!)!.push(row);
      continue;
    }
    const key = row.lineage?.journey ?? row.skb;
    let current = latest.get(key);
    if (current === undefined || (current.hasEnded && !row.isReturn)) {
      current = { packet: [], hasEnded: false };
      packets.push(current.packet);
      latest.set(key, current);
    }
    current.packet.push(row);
    if (row.isReturn) continue;
    packetOfEntry.set(row, current.packet);
    if (row.lineage === undefined && endsPacket(row)) current.hasEnded = true;
  }
  return packets;
}

/** What a line says. */
interface Line {
  readonly row: Row;
  readonly level: number;
  readonly call: string;
  readonly durationNs?: number;
}

/** The lines of a packet's events in one task, `rows`, by time. */
function linesOf(
  rows: readonly Row[],
  level: number,
  partners: Partners,
  info: TraceInfo,
): Line[] {
  const lines: Line[] = [];
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at];
    const { name } = info.functions[row.functionIndex];
    const partner = partners.get(row);
    if (partner === undefined) {
      const call = row.isReturn
        ? `} /* ${name}, entry missing */`
        : `${name}(); /* return missing */`;
      lines.push({ row, level, call });
      continue;
    }
    const end = rows.indexOf(partner);
    const inside = rows.slice(at + 1, end);
    const durationNs = partner.timestamp - row.timestamp;
    if (inside.length === 0 && info.openFields === undefined) {
      lines.push({ row, level, call: `${name}();`, durationNs });
    } else {
      lines.push({ row, level, call: `${name}() {` });
      lines.push(...linesOf(inside, level + 1, partners, info));
      lines.push({ row: partner, level, call: "}", durationNs });
    }
    at = end;
  }
  return lines;
}

/** The lines of a packet. */
function packetLines(packet: readonly Row[], partners: Partners, info: TraceInfo): Line[] {
  const byTask = Map.groupBy(packet, ({ task }) => task);
  const lines = [...byTask.values()].flatMap((rows) => linesOf(rows, 0, partners, info));
  const position = new Map(packet.map((row, i) => [row, i]));
  return lines.sort((a, b) => position.get(a.row)! - position.get(b.row)!);
}

/** The whole output. */
export function graphText(
  rows: readonly Row[],
  partners: Partners,
  info: TraceInfo,
  endsPacket: (row: Row) => boolean,
  text: (row: Row) => string,
): string {
  if (rows.length === 0) return "";
  const { functions, originNs } = info;
  const blocks = packetsOf(rows, partners, endsPacket)
    .map((packet) => packetLines(packet, partners, info));
  const duration = (ns: number) =>
    `${Math.floor(ns / 1000)}.${String(ns % 1000).padStart(3, "0")} us`;
  const widest = (texts: string[]) =>
    texts.reduce((width, { length }) => Math.max(width, length), 0);
  const timestampWidth = widest([
    "Timestamp",
    String(originNs + BigInt(byTime(rows).at(-1)!.timestamp)),
  ]);
  const moduleWidth = widest(["Module", ...functions.map(({ module }) => module)]);
  const durationWidth = widest([
    "Duration",
    ...[...partners].map(([a, b]) => duration(Math.abs(a.timestamp - b.timestamp))),
  ]);
  const { heading, number, notes } = blockLines(rows);
  const line = ({ row, level, call, durationNs }: Line, note: string) =>
    String(originNs + BigInt(row.timestamp)).padStart(timestampWidth) +
    ` ${String(row.cpu).padStart(3)}${number(row)}` +
    ` ${functions[row.functionIndex].module.padEnd(moduleWidth)}` +
    ` ${(durationNs === undefined ? "" : duration(durationNs)).padStart(durationWidth)}` +
    `  ${"  ".repeat(level)}${call}${text(row)}${note}\n`;
  const blockText = (lines: Line[]) => {
    const noteOf = notes(lines.map(({ row }) => row));
    return lines.map((each) => line(each, noteOf.get(each.row)!)).join("");
  };
  const header =
    `${"Timestamp".padEnd(timestampWidth)} CPU${heading} ${"Module".padEnd(moduleWidth)} ` +
    `${"Duration".padStart(durationWidth)}  Function\n`;
  return header + blocks.map(blockText).join("===\n");
}
