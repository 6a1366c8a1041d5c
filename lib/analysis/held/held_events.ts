import { IpftError } from "../../base/errors.ts";
import type { EventBatch } from "../../event/batch.ts";
import type { Section } from "../../event/section.ts";
import { orderByTime } from "../event_order.ts";
import { type ColumnName, EventStore } from "../event_store.ts";
import { doubled, KeyTable } from "../key_table.ts";
import { Merge } from "./merge.ts";
import { type Before, orderByPacket, type PacketKey, PacketKeys } from "./packet_order.ts";
import { FileRun, HeldRun } from "./run.ts";
import type { Bound, SpillFile } from "./spill_file.ts";

/** The share of the bound for the events in memory; the rest is for reading the file. */
const SHARE = 0.6;

/** What an event takes besides its columns while it is sorted, if packets have few events. */
const SORTING_BYTES = 48;

/** The columns that the order depends on. */
type Ordered = "timestamp" | "packet";

/** Events packet after packet, those of a packet by time, packets by their first event. */
export interface OrderedEvents {
  readonly count: number;
  /** The timestamp of the latest event. */
  readonly latest: number;
  /** Fills a batch with the next events; false when there are none. */
  next(batch: EventBatch): boolean;
}

/**
 * Holds all events of a trace until it ends. What is more than the bound goes to a file in sorted runs,
 * which are merged at the end. When the file has no more room, the events that still come are dropped and
 * counted.
 *
 * What is in memory besides the events of the next run: a block and a page of fragments of each run while
 * they are merged, and the keys of packets that turned out to have begun earlier than their first run
 * says. There are such packets only where events come out of order across the border of two runs.
 */
export class HeldEvents<Name extends ColumnName> {
  readonly #store: EventStore<Name | Ordered>;
  readonly #bound?: Bound;
  /** Events that memory has room for. */
  readonly #room: number;
  readonly #onRun: (events: EventStore<Name | Ordered>) => void;
  #file?: SpillFile;
  readonly #runs: FileRun[] = [];
  readonly #moved = new Map<number, PacketKey>();
  #latest = -Infinity;
  /** Events in the runs. */
  #spilt = 0;
  #isFull = false;

  /**
   * @param names the columns to keep besides those of `Ordered`
   * @param bound without one, memory is the limit
   * @param onRun called with the events in memory before they are sorted; may change columns
   */
  constructor(
    names: readonly Name[],
    sections: readonly Section[],
    bound?: Bound,
    onRun: (events: EventStore<Name | Ordered>) => void = () => {},
  ) {
    this.#store = new EventStore<Name | Ordered>(["timestamp", "packet", ...names], sections);
    this.#bound = bound;
    const eventBytes = this.#store.rowBytes + SORTING_BYTES;
    this.#room = bound === undefined
      ? Infinity
      : Math.max(1, Math.floor(bound.memoryBytes * SHARE / eventBytes));
    this.#onRun = onRun;
  }

  append(batch: EventBatch): void {
    for (let from = 0; from < batch.length;) {
      if (this.#store.length === this.#room && !this.#spill()) {
        this.#bound!.onDropped(batch.length - from);
        return;
      }
      const to = Math.min(batch.length, from + this.#room - this.#store.length);
      this.#store.append(batch, from, to);
      from = to;
    }
  }

  /** Puts the events in order. No `append` follows. */
  ordered(): OrderedEvents {
    const store = this.#store;
    if (store.length > 0 && !this.#isFull) this.#onRun(store);
    const run = this.#sorted();
    const count = this.#spilt + store.length, latest = this.#latest;
    if (this.#runs.length > 0) {
      const merge = new Merge(store, [...this.#runs, run], this.#moved);
      return { count, latest, next: (batch) => merge.next(batch) };
    }
    let at = 0;
    const next = (batch: EventBatch) => {
      store.gather(run.order.events.subarray(at, at + batch.capacity), batch);
      at += batch.length;
      return batch.length > 0;
    };
    return { count, latest, next };
  }

  /** Moves the events in memory to the file; false when it has no room for them. */
  #spill(): boolean {
    if (this.#isFull) return false;
    this.#onRun(this.#store);
    let sizeBytes = 0;
    try {
      const file = this.#file ??= this.#bound!.openFile();
      sizeBytes = file.sizeBytes;
      this.#runs.push(new FileRun(file, this.#sorted()));
    } catch (error) {
      if (!(error instanceof IpftError)) throw error;
      this.#isFull = true;
      this.#file?.truncate(sizeBytes);
      this.#bound!.onFull(error);
      return false;
    }
    this.#spilt += this.#store.length;
    this.#store.clear();
    return true;
  }

  /** The events in memory as a run. */
  #sorted(): HeldRun {
    const store = this.#store, { columns } = store;
    const byTime = orderByTime(columns.timestamp, store.length);
    if (store.length > 0) {
      this.#latest = Math.max(this.#latest, columns.timestamp.at(byTime[store.length - 1]));
    }
    const before: Before = {
      events: this.#spilt,
      packets: this.#runs.at(-1)?.packets ?? 0,
      keys: this.#keysBefore(),
    };
    const run = new HeldRun(store, orderByPacket(byTime, columns, before), before);
    this.#move(run);
    return run;
  }

  /** The keys of the packets in memory that have begun in earlier runs. */
  #keysBefore(): PacketKeys {
    const store = this.#store, { packet } = store.columns;
    const highest = this.#runs.at(-1)?.packets ?? 0;
    const table = new KeyTable();
    let packets = new Uint32Array(1024);
    for (let event = 0; highest > 0 && event < store.length; event++) {
      const number = packet.at(event);
      if (number > highest) continue;
      const i = table.number(number, 0);
      if (i === packets.length) packets = doubled(packets);
      packets[i] = number;
    }
    let place = 0;
    const keys = new PacketKeys(packets.subarray(0, table.size).sort());
    keys.packets.forEach((packet, i) => {
      while (this.#runs[place].packets < packet) this.#runs[place++].forgetPage();
      this.#runs[place].readKey(packet, keys, i);
    });
    this.#runs[place]?.forgetPage();
    return keys;
  }

  /** Finds the packets that this run has earlier events of than the run in which they began. */
  #move(run: HeldRun): void {
    const { packets: highest, keys } = run.before;
    if (keys.packets.length === 0) return;
    for (let fragment = 0; fragment < run.fragments; fragment++) {
      const packet = run.packetOf(fragment);
      if (packet > highest) continue;
      // Of the same time, the event that came earlier is the first.
      const time = run.timeOf(fragment);
      const known = this.#moved.get(packet)?.time ?? keys.times[keys.indexOf(packet)!];
      if (time < known) this.#moved.set(packet, { time, arrival: run.arrivalOf(fragment) });
    }
  }
}
