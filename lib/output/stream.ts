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

  async write(batch: EventBatch): Promise<void> {
    for (let row = 0; row < batch.length;) {
      row = this.#append(batch, row);
      await this.#text.flush();
    }
  }

  finish(): Promise<void> {
    return this.#text.flush();
  }

  /** Appends rows from `row` on until the buffer is full; returns the first that it left. */
  #append(batch: EventBatch, row: number): number {
    const text = this.#text;
    const { lineEnds } = this.#table;
    for (; row < batch.length && !text.isFull; row++) {
      text.timestamp(batch.timestamp[row]);
      text.constant(SPACE);
      text.decimal(batch.cpu[row], CPU_WIDTH);
      text.constant(PACKET);
      text.hex64(batch.skbHigh[row], batch.skbLow[row]);
      text.constant(lineEnds[batch.functionIndex[row]]);
    }
    return row;
  }
}
