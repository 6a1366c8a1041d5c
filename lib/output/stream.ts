import type { EventBatch } from "../bpf/event.ts";
import type { Sink, TraceInfo, WriteBytes } from "./sink.ts";
import { CPU_WIDTH, type TableText, tableText } from "./table_text.ts";
import { constant, TextBuffer } from "./text_buffer.ts";

const SPACE = constant(" ");
const PACKET = constant(" 0x");

/** A table of all events while they happen, one a line, in the order in which they come. */
export class StreamSink implements Sink {
  readonly #table: TableText;
  readonly #text: TextBuffer;

  constructor(info: TraceInfo, write: WriteBytes) {
    this.#table = tableText(info, info.originNs, true);
    this.#text = new TextBuffer(
      write,
      info.originNs,
      this.#table.timestampWidth,
      this.#table.longestLineBytes,
    );
    // Goes out with the first rows, or in `finish` where none came.
    this.#text.constant(this.#table.header);
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
    const { lineEnds } = this.#table;
    lineEnds.prepare(to - from, batch.dataOf(from, to));
    for (let row = from; row < to; row++) {
      text.timestamp(batch.timestamp[row]);
      text.constant(SPACE);
      text.decimal(batch.cpu[row], CPU_WIDTH);
      text.constant(PACKET);
      text.hex64(batch.skbHigh[row], batch.skbLow[row]);
      lineEnds.append(text, batch.functionIndex[row]);
    }
  }
}
