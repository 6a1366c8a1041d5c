import { constant } from "../../base/constant.ts";
import { ChooseLines, Shown } from "../../analysis/call_lines.ts";
import { HeldEvents, type OrderedEvents } from "../../analysis/held/held_events.ts";
import { ReturnedCalls } from "../../analysis/returned_calls.ts";
import type { EventBatch } from "../../event/batch.ts";
import { GROUP_EVENTS } from "../../event/fields.ts";
import { type EventTexts, eventTexts } from "../fields/event_texts.ts";
import { TextFields } from "../fields/text_fields.ts";
import type { Sink, SinkContext } from "../sink.ts";
import { compileLine } from "../text/line.ts";
import { type Describe, lineEnds } from "../text/line_ends.ts";
import type { Style } from "../text/style.ts";
import { layOutTable } from "../text/table.ts";
import { TextBuffer } from "../text/text_buffer.ts";
import { JourneyLines } from "./journey_lines.ts";
import { SEPARATOR_BYTES, writeBlocks } from "./packet_blocks.ts";

/** Follows the number of a duration. */
const UNIT = constant(" us");

/** What is kept of each event besides what its place depends on. */
const COLUMNS = ["functionIndex", "cpu", "isReturn", "task", "call", "entered"] as const;

/** Columns between a duration and the function, so that braces stand apart. */
const GAP = 2;

/** Levels of so many tasks are kept before those that are 0 are dropped. */
const MOST_TASKS = 1024;

/** Columns that a level is indented by. */
const INDENT = 2;

/** What a line says of the function, by `Shown`. */
function descriptions({ name: styled }: Style): Describe[] {
  const by: Describe[] = [];
  by[Shown.entry] = ({ name }) => `${styled(name)}() {`;
  by[Shown.return] = () => "}";
  by[Shown.call] = ({ name }) => `${styled(name)}();`;
  by[Shown.entryAlone] = ({ name }) => `${styled(name)}(); /* return missing */`;
  by[Shown.returnAlone] = ({ name }) => `} /* ${styled(name)}, entry missing */`;
  by[Shown.nothing] = () => ""; // never written
  // As the kernel's own function_graph shows events between its calls.
  by[Shown.event] = ({ name }) => `/* ${styled(name)} */`;
  return by;
}

/**
 * The calls that each packet went through, nested: on `finish`, one block of lines per journey, by time,
 * blocks separated by `===` and ordered by their first timestamp. A call with other calls of its journey
 * and task in it is two lines around theirs, which are indented; another call is one line. Its duration
 * is on the last of its lines. Writes nothing when nothing was captured.
 *
 * Until then it holds every event in 33 bytes, and in up to 57 while it sorts, 13 more where packets are
 * followed; what is more than the
 * bound is in a file. An extension's data takes 64 more, and every call is two lines then, because its
 * entry and its return have texts of their own.
 */
export class GraphSink implements Sink {
  readonly #context: SinkContext;
  readonly #texts: readonly EventTexts[];
  readonly #events: HeldEvents<typeof COLUMNS[number]>;
  readonly #returned = new ReturnedCalls();
  readonly #journeys?: JourneyLines;

  constructor(context: SinkContext) {
    this.#context = context;
    this.#texts = eventTexts(context, () => new TextFields(context.style?.isForTerminal));
    const { header: { sections }, bound } = context;
    const mark = this.#returned.mark.bind(this.#returned);
    this.#events = new HeldEvents(COLUMNS, sections, bound, mark);
    this.#journeys = JourneyLines.for(sections);
  }

  write(batch: EventBatch): Promise<void> {
    this.#events.append(batch);
    this.#journeys?.see(batch);
    return Promise.resolve();
  }

  async finish(): Promise<void> {
    const events = this.#events.ordered();
    if (events.count > 0) await this.#writeTrees(events);
  }

  async #writeTrees({ count, latest, next }: OrderedEvents): Promise<void> {
    const { header, write, style: wanted } = this.#context;
    const { functions, originNs, sections } = header;
    const latestNs = originNs + BigInt(latest);
    const { style, heading, start, module } = layOutTable(header, wanted, latestNs);
    const duration = "Duration".padStart(durationWidth(this.#returned.longest));
    const journeys = this.#journeys;
    const names = `${heading}${journeys?.heading ?? ""} ${module("Module")} ${duration}` +
      `${" ".repeat(GAP)}Function`;
    const titles = constant(`${style.heading(names)}\n`);
    const modules = functions.map((traced) => constant(` ${style.module(module(traced.module))} `));
    const line = compileLine(start);
    const ends = lineEnds(functions, descriptions(style), journeys ? "" : "\n", this.#texts);
    // The titles are as wide as all columns before the function.
    const longestLineBytes = SEPARATOR_BYTES + line.longestBytes + titles.sizeBytes +
      ends.longestBytes + (journeys?.longestBytes ?? 0);
    const text = new TextBuffer(write, originNs, longestLineBytes);
    text.appendConstant(titles);
    /** By task: how many calls of the packet are open. At its end, none is. */
    let depth = new Map<number, number>(), most = MOST_TASKS;
    const isJoined = this.#texts.length === 0;
    const chosen = new ChooseLines(next, GROUP_EVENTS, sections, this.#returned, isJoined);
    await writeBlocks(text, count, () => chosen.next(), ends, (lines, row) => {
      const how = lines.shown[row], { batch, batch: { columns } } = lines;
      if (how === Shown.nothing) return;
      const task = columns.task[row];
      let level = depth.get(task) ?? 0;
      if (how === Shown.return) level--;
      line.append(text, columns, row);
      journeys?.appendNumber(text, batch, row);
      text.appendConstant(modules[columns.functionIndex[row]]);
      if (how === Shown.call || how === Shown.return) {
        text.appendMicroseconds(lines.durations[row], duration.length - UNIT.sizeBytes);
        text.appendConstant(UNIT);
      } else {
        text.appendSpaces(duration.length);
      }
      text.appendSpaces(GAP + INDENT * level);
      ends.append(text, columns.functionIndex[row], how);
      journeys?.end(text, batch, row);
      if (depth.size >= most && !depth.has(task)) {
        depth = withoutZeros(depth);
        most = Math.max(MOST_TASKS, 2 * depth.size);
      }
      depth.set(task, how === Shown.entry ? level + 1 : level);
    });
  }
}

/** The tasks that are in a call. */
function withoutZeros(depth: ReadonlyMap<number, number>): Map<number, number> {
  return new Map([...depth].filter(([, level]) => level !== 0));
}

/** The columns that a duration takes. */
function durationWidth(ns: number): number {
  return String(Math.floor(ns / 1000)).length + ".000".length + UNIT.sizeBytes;
}
