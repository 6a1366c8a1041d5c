/**
 * Runs: events that are held in the order in which they are shown. A run has a fragment for each of its
 * packets: the packet's events in it, by time.
 */
import type { Block, EventStore } from "../event_store.ts";
import type { Before, PacketKeys, PacketOrder } from "./packet_order.ts";
import type { SpillFile } from "./spill_file.ts";

/** Size of a block of rows, which is read at once. */
const BLOCK_BYTES = 1 << 14;

/** Fragments that are read at once. */
export const PAGE_FRAGMENTS = 256;

/** How many rows of a store a block of a run has. */
export function blockRows({ rowBytes }: EventStore<never>): number {
  return Math.max(8, Math.floor(BLOCK_BYTES / rowBytes / 8) * 8);
}

/** Fragments of a run. */
export class FragmentPage {
  readonly bytes = new Uint8Array(PAGE_FRAGMENTS * 24);
  /** The keys of their packets. */
  readonly times = new Float64Array(this.bytes.buffer, 0, PAGE_FRAGMENTS);
  readonly arrivals = new Float64Array(this.bytes.buffer, PAGE_FRAGMENTS * 8, PAGE_FRAGMENTS);
  readonly packets = new Uint32Array(this.bytes.buffer, PAGE_FRAGMENTS * 16, PAGE_FRAGMENTS);
  /** The rows after their last ones; a fragment begins where the one before it ends. */
  readonly ends = new Uint32Array(this.bytes.buffer, PAGE_FRAGMENTS * 20, PAGE_FRAGMENTS);
}

/** A run, wherever it is. */
export interface Run {
  readonly rows: number;
  /** By the keys of their packets. */
  readonly fragments: number;
  /** Reads the block with this number. */
  readBlock(number: number, block: Block): void;
  /** Reads the page of fragments with this number. */
  readFragments(number: number, page: FragmentPage): void;
}

/** A run in memory. */
export class HeldRun implements Run {
  readonly rows: number;
  readonly fragments: number;

  constructor(
    readonly store: EventStore<"timestamp" | "packet">,
    readonly order: PacketOrder,
    readonly before: Before,
  ) {
    this.rows = order.events.length;
    this.fragments = order.starts.length - 1;
  }

  readBlock(number: number, block: Block): void {
    const from = number * block.rows;
    this.store.gatherBlock(this.order.events.subarray(from, from + block.rows), block);
  }

  readFragments(number: number, page: FragmentPage): void {
    const first = number * PAGE_FRAGMENTS;
    const count = Math.min(PAGE_FRAGMENTS, this.fragments - first);
    const { keys, packets: highest } = this.before;
    for (let i = 0; i < count; i++) {
      const packet = this.packetOf(first + i);
      const known = packet > highest ? undefined : keys.indexOf(packet);
      page.times[i] = known === undefined ? this.timeOf(first + i) : keys.times[known];
      page.arrivals[i] = known === undefined ? this.arrivalOf(first + i) : keys.arrivals[known];
      page.packets[i] = packet;
      page.ends[i] = this.order.starts[first + i + 1];
    }
  }

  packetOf(fragment: number): number {
    return this.store.columns.packet.at(this.#first(fragment));
  }

  /** When the first event of a fragment was. */
  timeOf(fragment: number): number {
    return this.store.columns.timestamp.at(this.#first(fragment));
  }

  /** The number of that event in the trace. */
  arrivalOf(fragment: number): number {
    return this.before.events + this.#first(fragment);
  }

  #first(fragment: number): number {
    return this.order.events[this.order.starts[fragment]];
  }
}

/** Keys that are read at once. */
const PAGE_KEYS = 256;

/** A run in a file: its blocks, its fragments, and the keys of the packets that began in it. */
export class FileRun implements Run {
  readonly rows: number;
  readonly fragments: number;
  /** The packets that began in it have the numbers above `packetsBefore`, up to `packets`. */
  readonly packetsBefore: number;
  readonly packets: number;
  readonly #file: SpillFile;
  readonly #blocksAt: number;
  readonly #fragmentsAt: number;
  readonly #keysAt: number;
  #page = new Float64Array(0);
  #pageNumber = -1;

  /**
   * Appends a run to a file.
   * @throws what writing to the file throws
   */
  constructor(file: SpillFile, run: HeldRun) {
    this.#file = file;
    this.rows = run.rows;
    this.fragments = run.fragments;
    this.#blocksAt = file.sizeBytes;
    const block = run.store.block(blockRows(run.store));
    for (let i = 0; i * block.rows < run.rows; i++) {
      run.readBlock(i, block);
      file.append(block.bytes);
    }
    this.#fragmentsAt = file.sizeBytes;
    const page = new FragmentPage();
    for (let i = 0; i * PAGE_FRAGMENTS < run.fragments; i++) {
      run.readFragments(i, page);
      file.append(page.bytes);
    }
    this.#keysAt = file.sizeBytes;
    this.packetsBefore = run.before.packets;
    const keys = new Float64Array(2 * (run.fragments - run.before.keys.packets.length));
    for (let fragment = 0; fragment < run.fragments; fragment++) {
      const packet = run.packetOf(fragment);
      if (packet <= this.packetsBefore) continue;
      const at = 2 * (packet - this.packetsBefore - 1);
      keys[at] = run.timeOf(fragment);
      keys[at + 1] = run.arrivalOf(fragment);
    }
    this.packets = this.packetsBefore + keys.length / 2;
    file.append(new Uint8Array(keys.buffer));
    file.flush();
  }

  readBlock(number: number, block: Block): void {
    this.#file.read(this.#blocksAt + number * block.bytes.length, block.bytes);
  }

  readFragments(number: number, page: FragmentPage): void {
    this.#file.read(this.#fragmentsAt + number * page.bytes.length, page.bytes);
  }

  /**
   * Reads the key that a packet which began in the run had when the run ended.
   * @param i its index in `keys`
   */
  readKey(packet: number, keys: PacketKeys, i: number): void {
    const index = packet - this.packetsBefore - 1;
    const number = Math.floor(index / PAGE_KEYS);
    if (number !== this.#pageNumber) {
      const left = this.packets - this.packetsBefore - number * PAGE_KEYS;
      this.#page = new Float64Array(2 * Math.min(PAGE_KEYS, left));
      this.#pageNumber = number;
      this.#file.read(this.#keysAt + number * PAGE_KEYS * 16, new Uint8Array(this.#page.buffer));
    }
    const at = 2 * (index % PAGE_KEYS);
    keys.times[i] = this.#page[at];
    keys.arrivals[i] = this.#page[at + 1];
  }

  /** Forgets what `readKey` has read. */
  forgetPage(): void {
    this.#page = new Float64Array(0);
    this.#pageNumber = -1;
  }
}
