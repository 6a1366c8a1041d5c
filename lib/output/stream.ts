import { constant } from "../base/constant.ts";
import type { EventBatch } from "../event/batch.ts";
import { LINEAGE } from "../event/lineage.ts";
import { eventTexts } from "./fields/event_texts.ts";
import { TextFields } from "./fields/text_fields.ts";
import type { OutputFormat } from "./format.ts";
import type { Sink, SinkContext } from "./sink.ts";
import { compileLine, type Line } from "./text/line.ts";
import { type Describe, type LineEnds, lineEnds } from "./text/line_ends.ts";
import {
  appendNewline,
  appendNote,
  appendNumber,
  LONGEST_NOTE_BYTES,
  longestNumberBytes,
  NUMBER_WIDTH,
  numberHeading,
} from "./text/packet_text.ts";
import { layOutTable } from "./text/table.ts";
import { TextBuffer } from "./text/text_buffer.ts";

export const STREAM: OutputFormat = {
  name: "stream",
  description: "a line for each event, live",
  suffixes: [],
  isLive: true,
  isForPeople: true,
  open: (context) => new StreamSink(context),
};

/** `0x` and 16 digits. */
const SKB_WIDTH = 18;

/** What the column for the event may say. */
const ENTRY = "entry", RETURN = "return";

/** A table of all events, one a line, in the order in which they come. */
export class StreamSink implements Sink {
  /** The columns up to the CPU, and the address. In traces that follow packets, their number is between. */
  readonly #start: Line;
  readonly #skb: Line;
  readonly #lineEnds: LineEnds;
  readonly #text: TextBuffer;

  constructor(context: SinkContext) {
    const { header, write } = context;
    const { style, heading, start, module } = layOutTable(header, context.style, header.originNs);
    // Where there are only entries, a column for that would say nothing.
    const event = (name: string) =>
      header.tracer === "function_graph" ? ` ${name.padEnd(RETURN.length)}` : "";
    const describe = (what: string): Describe => ({ module: its, name }) =>
      `${event(what)} ${style.module(module(its))} ${style.name(name)}`;
    const isFollowing = header.sections.includes(LINEAGE);
    const skb = isFollowing
      ? `${numberHeading(NUMBER_WIDTH)} ${"skb".padEnd(SKB_WIDTH)}`
      : "Packet".padEnd(SKB_WIDTH);
    const names = `${heading} ${skb}${event("Event")} ` +
      `${module("Module")} Function`;
    const titles = constant(`${style.heading(names)}\n`);
    this.#start = compileLine([...start, " "]);
    this.#skb = compileLine([isFollowing ? " 0x" : "0x", { column: "skb" }]);
    const texts = eventTexts(context, () => new TextFields(context.style?.isForTerminal));
    this.#lineEnds = lineEnds(
      header.functions,
      [describe(ENTRY), describe(RETURN)],
      isFollowing ? "" : "\n",
      texts,
    );
    const longestBytes = this.#start.longestBytes + longestNumberBytes(NUMBER_WIDTH) +
      this.#skb.longestBytes + this.#lineEnds.longestBytes + LONGEST_NOTE_BYTES;
    const longestLineBytes = Math.max(titles.sizeBytes, longestBytes);
    this.#text = new TextBuffer(write, header.originNs, longestLineBytes);
    // Goes out with the first rows, or in `finish` when none came.
    this.#text.appendConstant(titles);
  }

  write(batch: EventBatch): Promise<void> {
    return this.#text.writeLines(batch.length, (from, to) => this.#append(batch, from, to));
  }

  finish(): Promise<void> {
    return this.#text.flush();
  }

  /** Appends the rows from `from` up to `to`. */
  #append(batch: EventBatch, from: number, to: number): void {
    const text = this.#text, lineEnds = this.#lineEnds, { columns } = batch;
    const lineage = batch.section(LINEAGE);
    lineEnds.prepare(batch, from, to);
    for (let row = from; row < to; row++) {
      this.#start.append(text, columns, row);
      if (lineage) appendNumber(text, lineage.packet[row], NUMBER_WIDTH);
      this.#skb.append(text, columns, row);
      lineEnds.append(text, columns.functionIndex[row], columns.isReturn[row]);
      if (lineage === undefined) continue;
      appendNote(text, lineage, row);
      appendNewline(text);
    }
  }
}
