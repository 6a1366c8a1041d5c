import type { EventBatch } from "../../event/batch.ts";
import type { Block, EventStore } from "../event_store.ts";
import type { PacketKey } from "./packet_order.ts";
import { blockRows, FragmentPage, PAGE_FRAGMENTS, type Run } from "./run.ts";

type Store = EventStore<"timestamp" | "packet">;

/** The next events of a run. */
class Cursor {
  /** The key of their packet. */
  time = 0;
  arrival = 0;
  /** The rows that are left of the current fragment. */
  row = 0;
  end = 0;
  #block?: Block;
  #blockNumber = -1;

  /** @param place of the run among all; of events of the same time, those of an earlier run come first */
  constructor(readonly store: Store, readonly run: Run, readonly place: number) {}

  /** Moves to the next fragment; false when there is none, which gives the memory back. */
  next(): boolean {
    this.#block = undefined;
    return false;
  }

  /** The block with the next row. */
  get block(): Block {
    const block = this.#block ??= this.store.block(blockRows(this.store));
    const number = Math.floor(this.row / block.rows);
    if (number !== this.#blockNumber) this.run.readBlock(this.#blockNumber = number, block);
    return block;
  }

  /** When the next event was. */
  get rowTime(): number {
    const { arrays: [timestamps], rows } = this.block;
    return timestamps[this.row % rows];
  }
}

/** All of a run, but for the packets that have cursors of their own. */
class RunCursor extends Cursor {
  readonly #page = new FragmentPage();
  #fragment = 0;

  constructor(store: Store, run: Run, place: number, readonly without: Packets) {
    super(store, run, place);
  }

  override next(): boolean {
    while (this.#fragment < this.run.fragments) {
      const i = this.#fragment % PAGE_FRAGMENTS, page = this.#page;
      if (i === 0) this.run.readFragments(this.#fragment / PAGE_FRAGMENTS, page);
      this.#fragment++;
      this.row = this.end;
      this.end = page.ends[i];
      if (this.without.has(page.packets[i])) continue;
      this.time = page.times[i];
      this.arrival = page.arrivals[i];
      return true;
    }
    return super.next();
  }
}

/** Keys of packets by their number. */
type Packets = ReadonlyMap<number, PacketKey>;

/** The cursors of these packets: one for each of their fragments. */
function* cursorsOf(store: Store, runs: readonly Run[], packets: Packets): Generator<Cursor> {
  if (packets.size === 0) return;
  const page = new FragmentPage();
  for (const [place, run] of runs.entries()) {
    let row = 0;
    for (let fragment = 0; fragment < run.fragments; fragment++) {
      const i = fragment % PAGE_FRAGMENTS;
      if (i === 0) run.readFragments(fragment / PAGE_FRAGMENTS, page);
      const key = packets.get(page.packets[i]);
      if (key !== undefined) {
        yield Object.assign(new Cursor(store, run, place), { ...key, row, end: page.ends[i] });
      }
      row = page.ends[i];
    }
  }
}

/** Whether the next event of `a` comes before that of `b`. */
function isBefore(a: Cursor, b: Cursor): boolean {
  if (a.time !== b.time) return a.time < b.time;
  if (a.arrival !== b.arrival) return a.arrival < b.arrival;
  const aTime = a.rowTime, bTime = b.rowTime;
  return aTime === bTime ? a.place < b.place : aTime < bTime;
}

/** Merges runs: gives all their events packet after packet, those of a packet by time. */
export class Merge {
  readonly #store: Store;
  /** A binary heap: a cursor comes before those at twice its place plus one and plus two. */
  readonly #heap: Cursor[] = [];

  /**
   * @param store what the events were held in
   * @param runs in the order of their events' arrival
   * @param moved packets whose key is not the one that the runs have them under
   */
  constructor(store: Store, runs: readonly Run[], moved: Packets) {
    this.#store = store;
    const cursors = runs.map((run, place) => new RunCursor(store, run, place, moved));
    this.#heap.push(...cursors.filter((cursor) => cursor.next()));
    for (const cursor of cursorsOf(store, runs, moved)) this.#heap.push(cursor);
    for (let i = (this.#heap.length >> 1) - 1; i >= 0; i--) this.#sink(i);
  }

  /** Fills a batch with the next events; false when there are none. */
  next(batch: EventBatch): boolean {
    const heap = this.#heap;
    let length = 0;
    while (length < batch.capacity && heap.length > 0) {
      const cursor = heap[0];
      const { block, row } = cursor;
      const from = row % block.rows;
      const most = Math.min(batch.capacity - length, cursor.end - row, block.rows - from);
      const count = this.#stretch(cursor, block, from, most);
      this.#store.copyRows(block, from, from + count, batch, length);
      length += count;
      cursor.row += count;
      if (cursor.row === cursor.end && !cursor.next()) {
        const last = heap.pop()!;
        if (heap.length === 0) break;
        if (last !== cursor) heap[0] = last;
      }
      this.#sink(0);
    }
    batch.length = length;
    return length > 0;
  }

  /** How many rows of the first cursor, one at least, come before all of the others. */
  #stretch(cursor: Cursor, { arrays: [timestamps] }: Block, from: number, most: number): number {
    const heap = this.#heap;
    if (heap.length === 1) return most;
    const other = heap.length > 2 && isBefore(heap[2], heap[1]) ? heap[2] : heap[1];
    if (other.time !== cursor.time || other.arrival !== cursor.arrival) return most;
    const time = other.rowTime, isFirst = cursor.place < other.place;
    let count = 1;
    while (
      count < most &&
      (timestamps[from + count] < time || (isFirst && timestamps[from + count] === time))
    ) count++;
    return count;
  }

  /** Moves a cursor to where it belongs among those behind it. */
  #sink(at: number): void {
    const heap = this.#heap, cursor = heap[at];
    for (;;) {
      let next = 2 * at + 1;
      if (next >= heap.length) break;
      if (next + 1 < heap.length && isBefore(heap[next + 1], heap[next])) next++;
      if (isBefore(cursor, heap[next])) break;
      heap[at] = heap[next];
      at = next;
    }
    heap[at] = cursor;
  }
}
