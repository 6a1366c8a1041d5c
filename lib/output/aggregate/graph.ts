import { constant } from "../../base/constant.ts";
import { chooseLines, Shown } from "../../analysis/call_lines.ts";
import { NO_EVENT, partnersOf } from "../../analysis/calls.ts";
import type { ColumnStore } from "../../analysis/column_store.ts";
import { orderByGroup, orderByTime } from "../../analysis/event_order.ts";
import { EventStore } from "../../analysis/event_store.ts";
import type { EventBatch } from "../../event/batch.ts";
import { type EventTexts, eventTexts } from "../fields/event_texts.ts";
import { TextFields } from "../fields/text_fields.ts";
import type { Sink, SinkContext } from "../sink.ts";
import { compileLine } from "../text/line.ts";
import { type Describe, lineEnds } from "../text/line_ends.ts";
import type { Style } from "../text/style.ts";
import { layOutTable } from "../text/table.ts";
import { TextBuffer } from "../text/text_buffer.ts";
import { SEPARATOR_BYTES, writeBlocks } from "./packet_blocks.ts";

/** Follows the number of a duration. */
const UNIT = constant(" us");

/** What is kept of each event. */
const COLUMNS = [
  "timestamp",
  "packet",
  "functionIndex",
  "cpu",
  "isReturn",
  "task",
  "call",
] as const;

/** Columns between a duration and the function, so that braces stand apart. */
const GAP = 2;

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
  return by;
}

/** What the lines need to know besides the events: the order, and by event its partner and its kind. */
interface Trees {
  readonly byPacket: Uint32Array;
  readonly partner: Uint32Array;
  readonly shown: Uint8Array;
  readonly latestNs: bigint;
}

/**
 * The calls that each packet went through, nested: on `finish`, one block of lines per packet, by time,
 * blocks separated by `===` and ordered by their first timestamp. A call with other calls of its packet
 * and task in it is two lines around theirs, which are indented; another call is one line. Its duration
 * is on the last of its lines. Writes nothing when nothing was captured.
 *
 * Until then it holds every event in 25 bytes, and in up to 49 while it sorts. An extension's data takes
 * 64 more, and every call is two lines then, because its entry and its return have texts of their own.
 */
export class GraphSink implements Sink {
  readonly #context: SinkContext;
  readonly #texts: readonly EventTexts[];
  readonly #events: EventStore<typeof COLUMNS[number]>;

  constructor(context: SinkContext) {
    this.#context = context;
    this.#texts = eventTexts(context, () => new TextFields(context.style?.isForTerminal));
    this.#events = new EventStore(COLUMNS, context.header.sections);
  }

  write(batch: EventBatch): Promise<void> {
    this.#events.append(batch);
    return Promise.resolve();
  }

  async finish(): Promise<void> {
    const events = this.#events;
    if (events.length === 0) return;
    const { timestamp, packet } = events.columns;
    const byTime = orderByTime(timestamp, events.length);
    const byPacket = orderByGroup(byTime, packet);
    const partner = partnersOf(events);
    const shown = chooseLines(events, byPacket, partner, this.#texts.length === 0);
    const latestNs = this.#context.header.originNs + BigInt(timestamp.at(byTime.at(-1)!));
    await this.#writeTrees({ byPacket, partner, shown, latestNs });
  }

  async #writeTrees({ byPacket, partner, shown, latestNs }: Trees): Promise<void> {
    const events = this.#events, { timestamp } = events.columns;
    const { header, write, style: wanted } = this.#context;
    const { functions, originNs, sections } = header;
    const { style, heading, start, module } = layOutTable(header, wanted, latestNs);
    const duration = "Duration".padStart(durationWidth(timestamp, partner));
    const names = `${heading} ${module("Module")} ${duration}${" ".repeat(GAP)}Function`;
    const titles = constant(`${style.heading(names)}\n`);
    const modules = functions.map((traced) => constant(` ${style.module(module(traced.module))} `));
    const line = compileLine(start);
    const ends = lineEnds(functions, descriptions(style), "\n", this.#texts);
    // The titles are as wide as all columns before the function.
    const longestLineBytes = SEPARATOR_BYTES + line.longestBytes + titles.sizeBytes +
      ends.longestBytes;
    const text = new TextBuffer(write, originNs, longestLineBytes);
    text.appendConstant(titles);
    /** By task: how many calls of the packet are open. */
    const depth = new Map<number, number>();
    await writeBlocks(text, events, byPacket, sections, ends, (event, { columns }, row) => {
      const how = shown[event];
      if (how === Shown.nothing) return;
      const task = columns.task[row];
      let level = depth.get(task) ?? 0;
      if (how === Shown.return) level--;
      line.append(text, columns, row);
      text.appendConstant(modules[columns.functionIndex[row]]);
      if (how === Shown.call || how === Shown.return) {
        const durationNs = Math.abs(timestamp.at(partner[event]) - columns.timestamp[row]);
        text.appendMicroseconds(durationNs, duration.length - UNIT.sizeBytes);
        text.appendConstant(UNIT);
      } else {
        text.appendSpaces(duration.length);
      }
      text.appendSpaces(GAP + INDENT * level);
      ends.append(text, columns.functionIndex[row], how);
      depth.set(task, how === Shown.entry ? level + 1 : level);
    });
  }
}

/** The columns that the longest duration takes. */
function durationWidth(timestamp: ColumnStore<"time">, partner: Uint32Array): number {
  let longestNs = 0;
  for (let event = 0; event < partner.length; event++) {
    if (partner[event] === NO_EVENT) continue;
    const durationNs = timestamp.at(partner[event]) - timestamp.at(event);
    if (durationNs > longestNs) longestNs = durationNs;
  }
  return String(Math.floor(longestNs / 1000)).length + ".000".length + UNIT.sizeBytes;
}
