import type { EventBatch } from "../bpf/event.ts";
import { AddressTable } from "./address_table.ts";
import { endsPacket } from "./packet_end.ts";
import { type RowChunk, RowStore } from "./row_store.ts";
import type { Sink, TraceInfo, WriteBytes } from "./sink.ts";
import { sortRows } from "./sort_rows.ts";
import { splitPackets } from "./split_packets.ts";
import { CPU_WIDTH, tableText } from "./table_text.ts";
import { type Constant, constant, TextBuffer } from "./text_buffer.ts";

const SPACE = constant(" ");
const SEPARATOR = constant("===\n");

/**
 * The journey of each packet: on `finish`, one block of lines per packet, by time, blocks separated
 * by `===` and ordered by their first timestamp. Writes nothing, not even the names of the columns,
 * when nothing was captured.
 *
 * Until then it holds every event in 18 bytes, and twice that while it sorts.
 */
export class AggregateSink implements Sink {
  readonly #info: TraceInfo;
  readonly #write: WriteBytes;
  readonly #rows = new RowStore();
  readonly #addresses = new AddressTable();
  /** In ns since the origin. */
  #latest = 0;
  /** Number of the packet whose line was written last. */
  #packet = 0;

  constructor(info: TraceInfo, write: WriteBytes) {
    this.#info = info;
    this.#write = write;
  }

  write(batch: EventBatch): Promise<void> {
    const { skbLow, skbHigh, timestamp, functionIndex, cpu } = batch;
    for (let row = 0; row < batch.length; row++) {
      const address = this.#addresses.number(skbLow[row], skbHigh[row]);
      this.#rows.append(timestamp[row], address, functionIndex[row], cpu[row]);
      if (timestamp[row] > this.#latest) this.#latest = timestamp[row];
    }
    return Promise.resolve();
  }

  async finish(): Promise<void> {
    if (this.#rows.length === 0) return;
    const { functions, originNs } = this.#info;
    const table = tableText(this.#info, originNs + BigInt(this.#latest), false);
    const text = new TextBuffer(
      this.#write,
      originNs,
      table.timestampWidth,
      SEPARATOR.sizeBytes + table.longestLineBytes,
    );
    text.constant(table.header);
    for (const chunk of this.#byPacket(functions.map(({ name }) => endsPacket(name))).chunks) {
      for (let row = 0; row < chunk.length;) {
        row = this.#append(text, table.lineEnds, chunk, row);
        await text.flush();
      }
    }
  }

  /** All rows, packet after packet. As sorting is stable, each packet's rows stay ordered by time. */
  #byPacket(isLast: readonly boolean[]): RowStore {
    const spare = new RowStore(this.#rows.length);
    const byTime = sortRows(this.#rows, spare, "timestamp");
    splitPackets(byTime, this.#addresses.size, isLast);
    return sortRows(byTime, byTime === spare ? this.#rows : spare, "packet");
  }

  /** Appends rows from `row` on until the buffer is full; returns the first that it left. */
  #append(text: TextBuffer, lineEnds: readonly Constant[], chunk: RowChunk, row: number): number {
    const { length, timestamp, packet, functionIndex, cpu } = chunk;
    for (; row < length && !text.isFull; row++) {
      if (packet[row] !== this.#packet) text.constant(SEPARATOR);
      this.#packet = packet[row];
      text.timestamp(timestamp[row]);
      text.constant(SPACE);
      text.decimal(cpu[row], CPU_WIDTH);
      text.constant(lineEnds[functionIndex[row]]);
    }
    return row;
  }
}
