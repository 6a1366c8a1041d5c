import { constant } from "../../base/constant.ts";
import { orderByGroup, orderByTime } from "../../analysis/event_order.ts";
import { EventStore } from "../../analysis/event_store.ts";
import type { EventBatch } from "../../event/batch.ts";
import { type EventTexts, eventTexts } from "../fields/event_texts.ts";
import { TextFields } from "../fields/text_fields.ts";
import type { OutputFormat } from "../format.ts";
import type { Sink, SinkContext } from "../sink.ts";
import { compileLine } from "../text/line.ts";
import { type Describe, lineEnds } from "../text/line_ends.ts";
import { layOutTable } from "../text/table.ts";
import { TextBuffer } from "../text/text_buffer.ts";
import { GraphSink } from "./graph.ts";
import { SEPARATOR_BYTES, writeBlocks } from "./packet_blocks.ts";

export const AGGREGATE: OutputFormat = {
  name: "aggregate",
  description: "a block of lines for each packet, at the end",
  suffixes: [],
  isLive: false,
  isForPeople: true,
  open: (context) =>
    context.header.tracer === "function_graph"
      ? new GraphSink(context)
      : new AggregateSink(context),
};

/**
 * The journey of each packet: on `finish`, one block of lines per packet, by time, blocks separated by
 * `===` and ordered by their first timestamp. Writes nothing, not even the names of the columns, when
 * nothing was captured.
 *
 * Until then it holds every event in 16 bytes, and in up to 40 while it sorts. An extension's data takes
 * 64 more, and stays where it is.
 */
export class AggregateSink implements Sink {
  readonly #context: SinkContext;
  readonly #texts: readonly EventTexts[];
  readonly #events: EventStore<"timestamp" | "packet" | "functionIndex" | "cpu">;

  constructor(context: SinkContext) {
    this.#context = context;
    this.#texts = eventTexts(context, () => new TextFields(context.style?.isForTerminal));
    const { sections } = context.header;
    this.#events = new EventStore(["timestamp", "packet", "functionIndex", "cpu"], sections);
  }

  write(batch: EventBatch): Promise<void> {
    this.#events.append(batch);
    return Promise.resolve();
  }

  async finish(): Promise<void> {
    const events = this.#events;
    if (events.length === 0) return;
    const { header, write, style: wanted } = this.#context;
    const { functions, originNs, sections } = header;
    const byTime = orderByTime(events.columns.timestamp, events.length);
    const byPacket = orderByGroup(byTime, events.columns.packet);

    const latestNs = originNs + BigInt(events.columns.timestamp.at(byTime[byTime.length - 1]));
    const { style, heading, start, module } = layOutTable(header, wanted, latestNs);
    const describe: Describe = ({ module: its, name }) =>
      ` ${style.module(module(its))} ${style.name(name)}`;
    const titles = constant(style.heading(`${heading} ${module("Module")} Function`) + "\n");
    const line = compileLine(start);
    const ends = lineEnds(functions, [describe], "\n", this.#texts);
    const longestBytes = SEPARATOR_BYTES + line.longestBytes + ends.longestBytes;
    const text = new TextBuffer(write, originNs, Math.max(titles.sizeBytes, longestBytes));
    text.appendConstant(titles);
    await writeBlocks(text, events, byPacket, sections, ends, (_event, { columns }, row) => {
      line.append(text, columns, row);
      ends.append(text, columns.functionIndex[row]);
    });
  }
}
