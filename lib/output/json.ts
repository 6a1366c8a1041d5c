import type { EventBatch } from "../event/event.ts";
import { type Describe, type LineEnds, lineEnds } from "./text/line_ends.ts";
import type { Sink, TraceInfo, WriteBytes } from "./sink.ts";
import { constant, TextBuffer } from "./text/text_buffer.ts";

const PACKET_ID = constant(`{"packet_id":"0x`);
const TIMESTAMP = constant(`","timestamp":`);
const PROCESSOR_ID = constant(`,"processor_id":`);

/** What the numbers and the texts before the function take at most: 16, 20 and 10 digits, 46 more. */
const LONGEST_START_BYTES = 92;

/** One JSON object a line for every event, in the order in which events come. */
export class JsonSink implements Sink {
  readonly #lineEnds: LineEnds;
  readonly #text: TextBuffer;

  constructor(info: TraceInfo, write: WriteBytes) {
    const describe = (isReturn: boolean): Describe => ({ module, name }) => {
      const names = `"module":${JSON.stringify(module)},"function":${JSON.stringify(name)}`;
      return `,${names},"is_return":${isReturn}`;
    };
    this.#lineEnds = lineEnds(info, [describe(false), describe(true)], "}\n");
    const longestLineBytes = LONGEST_START_BYTES + this.#lineEnds.longestBytes;
    this.#text = new TextBuffer(write, info.originNs, 0, longestLineBytes);
  }

  write(batch: EventBatch): Promise<void> {
    return this.#text.writeLines(batch.length, (from, to) => this.#append(batch, from, to));
  }

  /** Every `write` has left nothing behind. */
  finish(): Promise<void> {
    return Promise.resolve();
  }

  /** Appends the rows from `from` up to `to`. */
  #append(batch: EventBatch, from: number, to: number): void {
    const text = this.#text;
    const lineEnds = this.#lineEnds;
    lineEnds.prepare(to - from, batch.dataOf(from, to));
    for (let row = from; row < to; row++) {
      text.constant(PACKET_ID);
      text.hex64(batch.skbHigh[row], batch.skbLow[row]);
      text.constant(TIMESTAMP);
      text.timestamp(batch.timestamp[row]);
      text.constant(PROCESSOR_ID);
      text.decimal(batch.cpu[row]);
      lineEnds.append(text, batch.functionIndex[row], batch.isReturn[row]);
    }
  }
}
