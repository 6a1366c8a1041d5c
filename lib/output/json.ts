import type { EventBatch } from "../bpf/event.ts";
import type { Sink, TraceInfo, WriteBytes } from "./sink.ts";
import { type Constant, constant, TextBuffer } from "./text_buffer.ts";

const PACKET_ID = constant(`{"packet_id":"0x`);
const TIMESTAMP = constant(`","timestamp":`);
const PROCESSOR_ID = constant(`,"processor_id":`);

/** What the numbers and the texts before the function take at most: 16, 20 and 10 digits, 46 more. */
const LONGEST_START_BYTES = 92;

/** One JSON object a line for every event, in the order in which events come. */
export class JsonSink implements Sink {
  /** By function index: the end of a line. */
  readonly #lineEnds: readonly Constant[];
  readonly #text: TextBuffer;

  constructor(info: TraceInfo, write: WriteBytes) {
    this.#lineEnds = info.functions.map(({ module, name }) => {
      const names = `"module":${JSON.stringify(module)},"function":${JSON.stringify(name)}`;
      return constant(`,${names},"is_return":false}\n`);
    });
    const longestEnd = this.#lineEnds.reduce((size, end) => Math.max(size, end.sizeBytes), 0);
    this.#text = new TextBuffer(write, info.originNs, 0, LONGEST_START_BYTES + longestEnd);
  }

  async write(batch: EventBatch): Promise<void> {
    for (let row = 0; row < batch.length;) {
      row = this.#append(batch, row);
      await this.#text.flush();
    }
  }

  /** Every `write` has left nothing behind. */
  finish(): Promise<void> {
    return Promise.resolve();
  }

  /** Appends rows from `row` on until the buffer is full; returns the first that it left. */
  #append(batch: EventBatch, row: number): number {
    const text = this.#text;
    for (; row < batch.length && !text.isFull; row++) {
      text.constant(PACKET_ID);
      text.hex64(batch.skbHigh[row], batch.skbLow[row]);
      text.constant(TIMESTAMP);
      text.timestamp(batch.timestamp[row]);
      text.constant(PROCESSOR_ID);
      text.decimal(batch.cpu[row]);
      text.constant(this.#lineEnds[batch.functionIndex[row]]);
    }
    return row;
  }
}
