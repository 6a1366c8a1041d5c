import type { EventBatch } from "../event/batch.ts";
import {
  arrayOf,
  type Arrays,
  type ArraysOf,
  type Column,
  type Columns,
  type ColumnType,
  elementsOf,
} from "../event/column.ts";
import { DERIVED, EVENT, type EventArrays } from "../event/event.ts";
import type { Section } from "../event/section.ts";
import { CHUNK_MASK, CHUNK_ROWS, ColumnStore } from "./column_store.ts";

const ALL = { ...EVENT, ...DERIVED };

export type ColumnName = keyof EventArrays;

/** The columns of a store by name. */
export type Stores<Name extends ColumnName> = {
  readonly [N in Name]: ColumnStore<typeof ALL[N]["type"]>;
};

/** A column of the store, and where a batch has it. */
interface Kept {
  readonly column: Column;
  readonly elements: number;
  readonly store: ColumnStore;
  rows(batch: EventBatch): Arrays[ColumnType];
}

/** Rows of all columns of a store, in one piece of memory. */
export interface Block {
  readonly rows: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** In the order of the store's columns. */
  readonly arrays: readonly Arrays[ColumnType][];
}

/** Columns of a block begin at multiples of this. */
const ALIGNMENT_BYTES = 8;

/**
 * Events, numbered as they come: 0, 1, 2… It keeps the columns that it is asked for and the sections that
 * the trace has, in as many bytes an event as their values take.
 */
export class EventStore<Name extends ColumnName> {
  /** How many events there are. */
  length = 0;
  readonly columns: Stores<Name>;
  /** What an event takes. */
  readonly rowBytes: number;
  readonly #kept: readonly Kept[];

  constructor(names: readonly Name[], sections: readonly Section[] = []) {
    const kept = names.map((name) => keptOf(ALL[name], ({ columns }) => columns[name]));
    this.columns = Object.fromEntries(
      names.map((name, i) => [name, kept[i].store]),
    ) as unknown as Stores<Name>;
    const ofSections = sections.flatMap((section) =>
      Object.entries(section.columns).map(([name, column]) =>
        keptOf(column, (batch) => (batch.section(section) as ArraysOf<Columns>)[name])
      )
    );
    this.#kept = [...kept, ...ofSections];
    this.rowBytes = this.#kept.reduce((sum, { column }) => sum + rowBytesOf(column), 0);
  }

  /** Appends the rows of a batch from `first` up to `end`. */
  append(batch: EventBatch, first = 0, end = batch.length): void {
    for (let from = first; from < end;) {
      const to = Math.min(end, from + CHUNK_ROWS - (this.length & CHUNK_MASK));
      for (const { store, rows } of this.#kept) store.append(rows(batch), from, to, this.length);
      this.length += to - from;
      from = to;
    }
  }

  /** Forgets all events, but keeps the memory for the next ones. */
  clear(): void {
    this.length = 0;
  }

  /**
   * Fills a batch with some events, in their order.
   * @param events no more than the batch has room for
   * @param batch gets the columns that the store keeps; its other columns stay as they are
   */
  gather(events: Uint32Array, batch: EventBatch): void {
    for (const { store, rows } of this.#kept) store.gather(events, rows(batch));
    batch.length = events.length;
  }

  /** Makes a block for so many rows. */
  block(rows: number): Block {
    const sizes = this.#kept.map(({ column }) =>
      Math.ceil(rows * rowBytesOf(column) / ALIGNMENT_BYTES) * ALIGNMENT_BYTES
    );
    const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
    let at = 0;
    const arrays = this.#kept.map(({ column, elements }, i) => {
      const start = at;
      at += sizes[i];
      const ArrayType = arrayOf(column, 0).constructor as Uint8ArrayConstructor;
      return new ArrayType(bytes.buffer, start, rows * elements) as Arrays[ColumnType];
    });
    return { rows, bytes, arrays };
  }

  /** Fills a block with some events, in their order. */
  gatherBlock(events: Uint32Array, { arrays }: Block): void {
    this.#kept.forEach(({ store }, i) => store.gather(events, arrays[i]));
  }

  /** Copies the rows from `from` up to `to` of a block to row `at` of a batch and those that follow. */
  copyRows({ arrays }: Block, from: number, to: number, batch: EventBatch, at: number): void {
    const kept = this.#kept;
    for (let i = 0; i < kept.length; i++) {
      const { elements, rows } = kept[i];
      const source = arrays[i], target = rows(batch);
      let next = at * elements;
      for (let j = from * elements; j < to * elements; j++) target[next++] = source[j];
    }
  }
}

function keptOf(column: Column, rows: Kept["rows"]): Kept {
  return { column, elements: elementsOf(column), store: new ColumnStore<ColumnType>(column), rows };
}

function rowBytesOf(column: Column): number {
  return elementsOf(column) * arrayOf(column, 0).BYTES_PER_ELEMENT;
}
