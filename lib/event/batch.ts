import { type ArraysOf, arraysOf, type Columns, elementsOf } from "./column.ts";
import { DERIVED, EVENT, type EventArrays } from "./event.ts";
import type { Section } from "./section.ts";

const COLUMNS: Columns = { ...EVENT, ...DERIVED };

/**
 * Events, one column a member: row `i` of every column is event `i`. A batch is reused: who keeps rows
 * copies them before `write` returns.
 */
export class EventBatch {
  /** Rows in use; the columns are `capacity` long. */
  length = 0;
  /** What every event has. */
  readonly columns: EventArrays;
  readonly #sections: ReadonlyMap<Section, ArraysOf<Columns>>;

  constructor(readonly capacity: number, readonly sections: readonly Section[] = []) {
    this.columns = arraysOf(COLUMNS, capacity) as EventArrays;
    this.#sections = new Map(
      sections.map((section) => [section, arraysOf(section.columns, capacity)]),
    );
  }

  /** The columns of a section; undefined in a trace that does not have it. */
  section<C extends Columns>(section: Section<C>): ArraysOf<C> | undefined {
    return this.#sections.get(section) as ArraysOf<C> | undefined;
  }

  /**
   * Drops all rows but these.
   * @param rows ascending; the first `count` are used
   */
  keep(rows: Uint32Array, count: number): void {
    compact(COLUMNS, this.columns, rows, count);
    for (const [{ columns }, arrays] of this.#sections) compact(columns, arrays, rows, count);
    this.length = count;
  }
}

function compact(
  columns: Columns,
  arrays: ArraysOf<Columns>,
  rows: Uint32Array,
  count: number,
): void {
  for (const [name, column] of Object.entries(columns)) {
    const array = arrays[name], elements = elementsOf(column);
    for (let to = 0; to < count; to++) {
      const from = rows[to];
      if (from === to) continue;
      for (let i = 0; i < elements; i++) array[to * elements + i] = array[from * elements + i];
    }
  }
}
