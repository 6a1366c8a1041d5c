import { constant } from "../../base/constant.ts";
import { HeldEvents } from "../../analysis/held/held_events.ts";
import { EventBatch } from "../../event/batch.ts";
import { GROUP_EVENTS } from "../../event/fields.ts";
import { type EventTexts, eventTexts } from "../fields/event_texts.ts";
import { TextFields } from "../fields/text_fields.ts";
import type { OutputFormat } from "../format.ts";
import type { Sink, SinkContext } from "../sink.ts";
import { compileLine } from "../text/line.ts";
import { type Describe, lineEnds } from "../text/line_ends.ts";
import { layOutTable } from "../text/table.ts";
import { TextBuffer } from "../text/text_buffer.ts";
import { GraphSink } from "./graph.ts";
import { JourneyLines } from "./journey_lines.ts";
import { SEPARATOR_BYTES, writeBlocks } from "./packet_blocks.ts";

export const AGGREGATE: OutputFormat = {
  name: "aggregate",
  description: "a block of lines for each packet and its copies, at the end",
  suffixes: [],
  isLive: false,
  isForPeople: true,
  open: (context) =>
    context.header.tracer === "function_graph"
      ? new GraphSink(context)
      : new AggregateSink(context),
};

/**
 * The journey of each packet: on `finish`, one block of lines per journey, by time, blocks separated by
 * `===` and ordered by their first timestamp. Writes nothing, not even the names of the columns, when
 * nothing was captured.
 *
 * Until then it holds every event in 16 bytes, and in up to 40 while it sorts. Where packets are followed,
 * an event takes 13 more, and an extension's data 64 more, which stay where they are. What is more than the bound is in a file.
 */
export class AggregateSink implements Sink {
  readonly #context: SinkContext;
  readonly #texts: readonly EventTexts[];
  readonly #events: HeldEvents<"functionIndex" | "cpu">;
  readonly #journeys?: JourneyLines;

  constructor(context: SinkContext) {
    this.#context = context;
    this.#texts = eventTexts(context, () => new TextFields(context.style?.isForTerminal));
    const { header: { sections }, bound } = context;
    this.#events = new HeldEvents(["functionIndex", "cpu"], sections, bound);
    this.#journeys = JourneyLines.for(sections);
  }

  write(batch: EventBatch): Promise<void> {
    this.#events.append(batch);
    this.#journeys?.see(batch);
    return Promise.resolve();
  }

  async finish(): Promise<void> {
    const { count, latest, next } = this.#events.ordered();
    if (count === 0) return;
    const { header, write, style: wanted } = this.#context;
    const { functions, originNs, sections } = header;
    const latestNs = originNs + BigInt(latest);
    const { style, heading, start, module } = layOutTable(header, wanted, latestNs);
    const describe: Describe = ({ module: its, name }) =>
      ` ${style.module(module(its))} ${style.name(name)}`;
    const journeys = this.#journeys;
    const names = `${heading}${journeys?.heading ?? ""} ${module("Module")} Function`;
    const titles = constant(`${style.heading(names)}\n`);
    const line = compileLine(start);
    const ends = lineEnds(functions, [describe], journeys ? "" : "\n", this.#texts);
    const longestBytes = SEPARATOR_BYTES + line.longestBytes + ends.longestBytes +
      (journeys?.longestBytes ?? 0);
    const text = new TextBuffer(write, originNs, Math.max(titles.sizeBytes, longestBytes));
    text.appendConstant(titles);
    const lines = { batch: new EventBatch(GROUP_EVENTS, sections) };
    const nextLines = () => {
      next(lines.batch);
      return lines;
    };
    await writeBlocks(text, count, nextLines, ends, ({ batch }, row) => {
      line.append(text, batch.columns, row);
      journeys?.appendNumber(text, batch, row);
      ends.append(text, batch.columns.functionIndex[row]);
      journeys?.end(text, batch, row);
    });
  }
}
