/** Rows of a chunk, a power of two: 2^16 rows are 1.2 MB. */
const CHUNK_BITS = 16;
const CHUNK_ROWS = 1 << CHUNK_BITS;

/** A part of the rows, in columns; the first `length` are in use. */
export class RowChunk {
  length = 0;
  /** In ns since the trace's origin. */
  readonly timestamp = new Float64Array(CHUNK_ROWS);
  /** A number that says which packet the row belongs to; what it counts is up to the owner. */
  readonly packet = new Uint32Array(CHUNK_ROWS);
  readonly functionIndex = new Uint32Array(CHUNK_ROWS);
  readonly cpu = new Uint16Array(CHUNK_ROWS);
  /** The row's number by arrival, 0 for the first event; only after `RowStore.numberRows`. */
  arrival?: Uint32Array<ArrayBuffer> = undefined;
}

/** Events in memory, 18 bytes each, 22 when numbered; in chunks, so that growing copies nothing. */
export class RowStore {
  readonly #chunks: RowChunk[] = [];

  /** @param length rows to begin with, all zero until `put` */
  constructor(length = 0) {
    for (let left = length; left > 0; left -= CHUNK_ROWS) {
      const chunk = new RowChunk();
      chunk.length = Math.min(left, CHUNK_ROWS);
      this.#chunks.push(chunk);
    }
  }

  /** The rows, in order: all chunks but the last are full. */
  get chunks(): readonly RowChunk[] {
    return this.#chunks;
  }

  /** Number of rows. */
  get length(): number {
    const last = this.#chunks.at(-1);
    return last === undefined ? 0 : (this.#chunks.length - 1) * CHUNK_ROWS + last.length;
  }

  /** Adds a row at the end. */
  append(timestamp: number, packet: number, functionIndex: number, cpu: number): void {
    let chunk = this.#chunks[this.#chunks.length - 1];
    if (chunk === undefined || chunk.length === CHUNK_ROWS) {
      chunk = new RowChunk();
      this.#chunks.push(chunk);
    }
    const at = chunk.length++;
    chunk.timestamp[at] = timestamp;
    chunk.packet[at] = packet;
    chunk.functionIndex[at] = functionIndex;
    chunk.cpu[at] = cpu;
  }

  /** Makes `row`, one of those that there are, a copy of row `i` of `from`. */
  put(row: number, from: RowChunk, i: number): void {
    const chunk = this.#chunks[row >>> CHUNK_BITS];
    const at = row & (CHUNK_ROWS - 1);
    chunk.timestamp[at] = from.timestamp[i];
    chunk.packet[at] = from.packet[i];
    chunk.functionIndex[at] = from.functionIndex[i];
    chunk.cpu[at] = from.cpu[i];
  }

  /** Whether `numberRows` was called. */
  get isNumbered(): boolean {
    return this.#chunks[0]?.arrival !== undefined;
  }

  /** Numbers the rows in the order in which they are; the numbers move with the rows. */
  numberRows(): void {
    let number = 0;
    for (const chunk of this.#chunks) {
      chunk.arrival = new Uint32Array(CHUNK_ROWS);
      for (let i = 0; i < chunk.length; i++) chunk.arrival[i] = number++;
    }
  }

  /** Gives `row` the number of row `i` of `from`; both stores are numbered. */
  putNumber(row: number, from: RowChunk, i: number): void {
    this.#chunks[row >>> CHUNK_BITS].arrival![row & (CHUNK_ROWS - 1)] = from.arrival![i];
  }
}
