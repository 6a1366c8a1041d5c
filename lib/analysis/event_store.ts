import type { EventBatch } from "../event/event.ts";
import { DataStore } from "./data_store.ts";
import { PairTable } from "./pair_table.ts";

/** Event `n` is number `n & CHUNK_MASK` of chunk `n >>> CHUNK_BITS`: 2^16 events are some 1.1 MB. */
export const CHUNK_BITS = 16;
const CHUNK_EVENTS = 1 << CHUNK_BITS;
export const CHUNK_MASK = CHUNK_EVENTS - 1;

/** What a store holds besides what every sink needs; both cost memory. */
export interface Extras {
  readonly tasks: boolean;
  /** Only where the batches have data, too. */
  readonly data: boolean;
}

/** Some of the events, in columns; the first `length` are in use. */
export class EventChunk {
  length = 0;
  /** In ns since the trace's origin. */
  readonly timestamp = new Float64Array(CHUNK_EVENTS);
  /** The number of the skb's address, below the store's `addressCount`. */
  readonly address = new Uint32Array(CHUNK_EVENTS);
  readonly functionIndex = new Uint16Array(CHUNK_EVENTS);
  readonly cpu = new Uint16Array(CHUNK_EVENTS);
  readonly isReturn = new Uint8Array(CHUNK_EVENTS);
  /** Empty where tasks are not kept. */
  readonly task: Uint32Array;

  constructor(withTasks: boolean) {
    this.task = new Uint32Array(withTasks ? CHUNK_EVENTS : 0);
  }

  /** Adds as many events of the batch, from row `from` on, as there is room for; returns how many. */
  append(batch: EventBatch, from: number, addresses: PairTable): number {
    const { skbLow, skbHigh } = batch;
    const at = this.length;
    const count = Math.min(batch.length - from, CHUNK_EVENTS - at);
    const to = from + count;
    for (let row = from; row < to; row++) {
      this.address[at + row - from] = addresses.number(skbLow[row], skbHigh[row]);
    }
    this.timestamp.set(batch.timestamp.subarray(from, to), at);
    this.functionIndex.set(batch.functionIndex.subarray(from, to), at);
    this.cpu.set(batch.cpu.subarray(from, to), at);
    this.isReturn.set(batch.isReturn.subarray(from, to), at);
    if (this.task.length > 0) this.task.set(batch.task.subarray(from, to), at);
    this.length += count;
    return count;
  }
}

/**
 * The events of a trace, numbered as they come: 0, 1, 2… 17 bytes each, 4 more with the task and 64
 * more with the data; in chunks, so that growing copies nothing.
 */
export class EventStore {
  /** All but the last are full. */
  readonly chunks: EventChunk[] = [];
  readonly #extras: Extras;
  readonly #addresses = new PairTable();
  #data?: DataStore;

  constructor(extras: Extras) {
    this.#extras = extras;
  }

  /** How many events there are. */
  get length(): number {
    const last = this.chunks.at(-1);
    return last === undefined ? 0 : (this.chunks.length - 1) * CHUNK_EVENTS + last.length;
  }

  /** How many addresses of skbs they have. */
  get addressCount(): number {
    return this.#addresses.size;
  }

  append(batch: EventBatch): void {
    for (let from = 0; from < batch.length;) {
      if (this.chunks.length === 0 || this.chunks.at(-1)!.length === CHUNK_EVENTS) {
        this.chunks.push(new EventChunk(this.#extras.tasks));
      }
      from += this.chunks.at(-1)!.append(batch, from, this.#addresses);
    }
    if (batch.data !== undefined && this.#extras.data) {
      this.#data ??= new DataStore();
      this.#data.append(batch.data, batch.length);
    }
  }

  /** In ns since the origin. */
  timestamp(event: number): number {
    return this.chunks[event >>> CHUNK_BITS].timestamp[event & CHUNK_MASK];
  }

  /** The data of some events, as `DataStore.gather` does it, where there is data. */
  dataOf(events: Uint32Array): Uint8Array<ArrayBuffer> | undefined {
    return this.#data?.gather(events);
  }
}
