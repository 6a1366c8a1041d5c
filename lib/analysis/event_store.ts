import type { EventBatch } from "../event/batch.ts";
import type { Arrays, ArraysOf, Columns, ColumnType } from "../event/column.ts";
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
  readonly store: ColumnStore;
  rows(batch: EventBatch): Arrays[ColumnType];
}

/**
 * The events of a trace, numbered as they come: 0, 1, 2… It keeps the columns that it is asked for and
 * the sections that the trace has, in as many bytes an event as their values take.
 */
export class EventStore<Name extends ColumnName> {
  /** How many events there are. */
  length = 0;
  readonly columns: Stores<Name>;
  readonly #kept: readonly Kept[];

  constructor(names: readonly Name[], sections: readonly Section[] = []) {
    const stores = names.map((name) => [name, new ColumnStore<ColumnType>(ALL[name])] as const);
    this.columns = Object.fromEntries(stores) as unknown as Stores<Name>;
    this.#kept = [
      ...stores.map(([name, store]) => ({
        store,
        rows: (batch: EventBatch) => batch.columns[name],
      })),
      ...sections.flatMap((section) => keptOf(section)),
    ];
  }

  append(batch: EventBatch): void {
    for (let from = 0; from < batch.length;) {
      const to = Math.min(batch.length, from + CHUNK_ROWS - (this.length & CHUNK_MASK));
      for (const { store, rows } of this.#kept) store.append(rows(batch), from, to, this.length);
      this.length += to - from;
      from = to;
    }
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
}

function keptOf(section: Section): Kept[] {
  return Object.entries(section.columns).map(([name, column]) => ({
    store: new ColumnStore<ColumnType>(column),
    rows: (batch) => (batch.section(section) as ArraysOf<Columns>)[name],
  }));
}
