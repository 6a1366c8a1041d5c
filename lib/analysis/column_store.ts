import { arrayOf, type Arrays, type Column, type ColumnType, elementsOf } from "../event/column.ts";

/** Event `n` is row `n & CHUNK_MASK` of chunk `n >>> CHUNK_BITS`. */
export const CHUNK_BITS = 16;
export const CHUNK_ROWS = 1 << CHUNK_BITS;
export const CHUNK_MASK = CHUNK_ROWS - 1;

/** A column of events, in chunks, so that growing copies nothing. Chunks are used again. */
export class ColumnStore<T extends ColumnType = ColumnType> {
  /** Those in use are full but for the last of them. */
  readonly chunks: Arrays[T][] = [];
  readonly #column: Column;
  readonly #elements: number;

  constructor(column: Column & { readonly type: T }) {
    this.#column = column;
    this.#elements = elementsOf(column);
  }

  /**
   * Appends rows `from` up to `to` of a batch's column. They fit into one chunk.
   * @param at the number of the first of these events
   */
  append(rows: Arrays[ColumnType], from: number, to: number, at: number): void {
    const row = at & CHUNK_MASK;
    const elements = this.#elements;
    const part = rows.subarray(from * elements, to * elements);
    const chunk = this.chunks[at >>> CHUNK_BITS] ??= arrayOf(this.#column, CHUNK_ROWS) as Arrays[T];
    chunk.set(part as ArrayLike<number>, row * elements);
  }

  /** The value of an event, in a column of one element a row. */
  at(event: number): number {
    return this.chunks[event >>> CHUNK_BITS][event & CHUNK_MASK];
  }

  /** Changes the value of an event, in a column of one element a row. */
  put(event: number, value: number): void {
    this.chunks[event >>> CHUNK_BITS][event & CHUNK_MASK] = value;
  }

  /** Copies the values of some events, in their order, to the first rows of a batch's column. */
  gather(events: Uint32Array, rows: Arrays[ColumnType]): void {
    const elements = this.#elements, chunks = this.chunks;
    if (elements === 1) {
      for (let i = 0; i < events.length; i++) {
        rows[i] = chunks[events[i] >>> CHUNK_BITS][events[i] & CHUNK_MASK];
      }
      return;
    }
    for (let i = 0; i < events.length; i++) {
      const chunk = chunks[events[i] >>> CHUNK_BITS];
      const start = (events[i] & CHUNK_MASK) * elements;
      for (let j = 0; j < elements; j++) rows[i * elements + j] = chunk[start + j];
    }
  }
}
