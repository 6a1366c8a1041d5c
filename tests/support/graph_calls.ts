/** Calls as a kernel makes them: well nested in each task, several packets and tasks at once. */
import fc from "fast-check";
import { FUNCTIONS, type Row } from "./row.ts";
import { dataOfText } from "./fake_fields.ts";
import type { Lineage } from "./followed.ts";
import type { Partners } from "./graph_reference.ts";

/** What one of the tasks does next. */
export interface Step {
  readonly task: number;
  /** Enters a function; else it returns from the innermost, if it is in any. */
  readonly isEntry: boolean;
  readonly skb: number;
  readonly functionIndex: number;
  readonly cpu: number;
  /** How long it takes, in ns. */
  readonly takesNs: number;
  /** How long before its timestamp the record was reserved: records of others may come in between. */
  readonly reservedNs: number;
  /** Whether its record is lost, if `lose` is asked. */
  readonly isLost: boolean;
}

/** A call as it was, whatever of it is recorded. */
export interface Call {
  readonly entry: Row;
  /** Undefined when the trace ended before. */
  exit?: Row;
  readonly parent?: Call;
  /** Whether the function was already open in the task with the same skb. */
  readonly isRecursive: boolean;
}

export interface Trace {
  readonly calls: readonly Call[];
  /** In the order of their arrival. */
  readonly rows: readonly Row[];
  readonly lost: ReadonlySet<Row>;
}

/** Numbers of tasks: threads, and an idle one. */
const TASKS = [1, 4_194_303, 0xffffffff, 12];

/** The functions that end a packet. */
export const endsPacket = ({ functionIndex }: Row) => functionIndex === 1 || functionIndex === 4;

export const stepsArbitrary: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    task: fc.nat(TASKS.length - 1),
    isEntry: fc.nat(8).map((value) => value < 4),
    skb: fc.nat(2),
    functionIndex: fc.nat(FUNCTIONS.length - 1),
    cpu: fc.nat(3),
    takesNs: fc.oneof(fc.nat(2), fc.nat(5000)),
    reservedNs: fc.nat(20),
    isLost: fc.integer({ min: 0, max: 3 }).map((value) => value === 0),
  }),
  { maxLength: 80, size: "max" },
);

/** Makes the calls. */
export function run(steps: readonly Step[]): Trace {
  const calls: Call[] = [];
  const stacks = TASKS.map(() => [] as Call[]);
  const reserved = new Map<Row, number>();
  /** When the latest record of a task and of an skb was reserved. */
  const reservedAt = new Map<unknown, number>();
  const lost = new Set<Row>();
  let now = 0;
  /** Tasks and skbs at this time: what happens to one of them takes time. */
  const busy = new Set<unknown>();
  steps.forEach((step, i) => {
    const stack = stacks[step.task];
    const open = step.isEntry ? undefined : stack.pop();
    const { skb, functionIndex } = open?.entry ??
      { skb: 0xffff_8880_0000_0000n + BigInt(step.skb * 256), functionIndex: step.functionIndex };
    const task = TASKS[step.task];
    if (step.takesNs > 0 || busy.has(task) || busy.has(skb)) busy.clear(), now += step.takesNs || 1;
    busy.add(task).add(skb);
    const data = dataOfText(20, [i, i >> 8, i >> 16]);
    const isReturn = open !== undefined;
    const row = { timestamp: now, cpu: step.cpu, task, skb, functionIndex, isReturn, data };
    // A task does one thing after the other, and so does whoever works on an skb.
    const earliest = Math.max(reservedAt.get(task) ?? 0, reservedAt.get(skb) ?? 0);
    const at = Math.max(earliest, now - step.reservedNs);
    reserved.set(row, at);
    reservedAt.set(task, at).set(skb, at);
    if (step.isLost) lost.add(row);
    if (open !== undefined) {
      open.exit = row;
      return;
    }
    const isRecursive = stack.some(({ entry }) => isSameCall(entry, row));
    const call = { entry: row, parent: stack.at(-1), isRecursive };
    calls.push(call);
    stack.push(call);
  });
  const rows = [...reserved.keys()].sort((a, b) => reserved.get(a)! - reserved.get(b)!);
  return { calls, rows, lost };
}

/**
 * The same trace with the packets that a kernel knows: a new one when the skb has been freed. Every third
 * one has matched, the others are copies of one before them. Returns have that of their entry.
 */
export function withPackets({ calls, rows, lost }: Trace): Trace {
  const latest = new Map<bigint, Lineage>();
  const packets: Lineage[] = [];
  const lineages = new Map<Row, Lineage>();
  for (const row of rows) {
    if (row.isReturn) continue;
    let lineage = latest.get(row.skb);
    if (lineage === undefined) {
      const packet = 2 * packets.length + 1, parent = packets.at(-(packets.length % 3));
      lineage = packets.length % 3 === 0
        ? { packet, relative: 0, journey: packet, origin: 0 }
        : { packet, relative: parent!.packet, journey: parent!.journey, origin: 1 };
      packets.push(lineage);
      latest.set(row.skb, lineage);
    }
    lineages.set(row, lineage);
    if (endsPacket(row)) latest.delete(row.skb);
  }
  for (const { entry, exit } of calls) if (exit) lineages.set(exit, lineages.get(entry)!);
  const known = new Map(rows.map((row) => [row, { ...row, lineage: lineages.get(row)! }]));
  const copies = new Map<Call, Call>();
  for (const call of calls) {
    const { entry, exit, parent } = call; // parents come first
    copies.set(call, {
      ...call,
      entry: known.get(entry)!,
      exit: exit && known.get(exit),
      parent: parent && copies.get(parent),
    });
  }
  const changed = (rows: Iterable<Row>) => [...rows].map((row) => known.get(row)!);
  return { calls: [...copies.values()], rows: changed(rows), lost: new Set(changed(lost)) };
}

function isSameCall(a: Row, b: Row): boolean {
  return a.skb === b.skb && a.functionIndex === b.functionIndex;
}

/** The partners of the calls of which both are among `rows`. */
export function truePartners(calls: readonly Call[], rows: readonly Row[]): Partners {
  const kept = new Set(rows);
  const partners = new Map<Row, Row>();
  for (const { entry, exit } of calls) {
    if (exit !== undefined && kept.has(entry) && kept.has(exit)) {
      partners.set(entry, exit).set(exit, entry);
    }
  }
  return partners;
}

/**
 * The rows without the lost ones, in so far as what is left says unmistakably which return is whose:
 * of what a task calls with the same function and skb, either entries or returns are lost, besides
 * whole calls, and none where such calls are nested in each other. The ends of packets are kept.
 */
export function lose({ calls, rows, lost }: Trace): Row[] {
  const key = ({ task, skb, functionIndex }: Row) => `${task} ${skb} ${functionIndex}`;
  const nested = new Set(calls.filter((call) => call.isRecursive).map(({ entry }) => key(entry)));
  const kinds = new Map<string, boolean>();
  const gone = new Set<Row>();
  for (const { entry, exit } of calls) {
    const candidates = [entry, exit].filter((row) => row !== undefined && lost.has(row)) as Row[];
    if (candidates.includes(entry) && endsPacket(entry)) continue;
    const isWhole = candidates.length === 2;
    for (const row of candidates) {
      const isReturn = row.isReturn!;
      if (!isWhole && (nested.has(key(row)) || (kinds.get(key(row)) ?? isReturn) !== isReturn)) {
        continue;
      }
      if (!isWhole) kinds.set(key(row), isReturn);
      gone.add(row);
    }
  }
  return rows.filter((row) => !gone.has(row));
}
