import type { EventBatch } from "../event/event.ts";
import { type Describe, type LineEnds, lineEnds } from "./text/line_ends.ts";
import type { Sink, TraceInfo, WriteBytes } from "./sink.ts";
import { appendStart, LONGEST_START_BYTES, tableColumns } from "./text/table_text.ts";
import { constant, TextBuffer } from "./text/text_buffer.ts";

const PACKET = constant(" 0x");

/** `0x` and 16 digits. */
const PACKET_WIDTH = 18;

/** What the column for the event may say. */
const ENTRY = "entry", RETURN = "return";

/** A table of all events while they happen, one a line, in the order in which they come. */
export class StreamSink implements Sink {
  readonly #lineEnds: LineEnds;
  readonly #text: TextBuffer;

  constructor(info: TraceInfo, write: WriteBytes) {
    const { timestampWidth, start, module, style } = tableColumns(info, info.originNs);
    // Where there are only entries, a column for that would say nothing.
    const event = (name: string) =>
      info.tracer === "function_graph" ? ` ${name.padEnd(RETURN.length)}` : "";
    const describe = (what: string): Describe => ({ module: its, name }) =>
      `${event(what)} ${style.module(module(its))} ${style.name(name)}`;
    const end = `${event("Event")} ${module("Module")} Function`;
    const heading = style.heading(`${start} ${"Packet".padEnd(PACKET_WIDTH)}${end}`);
    const header = constant(`${heading}\n`);
    this.#lineEnds = lineEnds(info, [describe(ENTRY), describe(RETURN)], "\n");
    const longestBytes = LONGEST_START_BYTES + 1 + PACKET_WIDTH + this.#lineEnds.longestBytes;
    const longestLineBytes = Math.max(header.sizeBytes, longestBytes);
    this.#text = new TextBuffer(write, info.originNs, timestampWidth, longestLineBytes);
    // Goes out with the first rows, or in `finish` where none came.
    this.#text.constant(header);
  }

  write(batch: EventBatch): Promise<void> {
    return this.#text.writeLines(batch.length, (from, to) => this.#append(batch, from, to));
  }

  finish(): Promise<void> {
    return this.#text.flush();
  }

  /** Appends the rows from `from` up to `to`. */
  #append(batch: EventBatch, from: number, to: number): void {
    const text = this.#text;
    const lineEnds = this.#lineEnds;
    lineEnds.prepare(to - from, batch.dataOf(from, to));
    for (let row = from; row < to; row++) {
      appendStart(text, batch.timestamp[row], batch.cpu[row]);
      text.constant(PACKET);
      text.hex64(batch.skbHigh[row], batch.skbLow[row]);
      lineEnds.append(text, batch.functionIndex[row], batch.isReturn[row]);
    }
  }
}
