import { Mapping } from "../ffi/libc.ts";
import type { EventBatch } from "../event/batch.ts";
import { EVENT } from "../event/event.ts";
import { structLayout } from "../event/layout.ts";
import type { CopyRecords } from "./record_copier.ts";

/** struct bpf_ringbuf_hdr { u32 len; u32 pg_off; }, the bits in len: include/uapi/linux/bpf.h. */
const HEADER_BYTES = 8, BUSY = 0x80000000 | 0, DISCARD = 0x40000000, LENGTH = 0x3fffffff;

/** The positions live on pages of their own (kernel/bpf/ringbuf.c). x86-64. */
const PAGE_BYTES = 4096;

const TIMESTAMP = (HEADER_BYTES + structLayout(EVENT).places.get("timestamp")!.offsetBytes) / 4;

/** Records that are looked for, and then copied, at once. */
const GROUP_RECORDS = 256;

/**
 * The memory that a BPF ring buffer (BPF_MAP_TYPE_RINGBUF) shares with the kernel, read as its only
 * consumer.
 */
export class Ring implements Disposable {
  readonly #consumerPage: Mapping;
  readonly #producerPages: Mapping;
  readonly #consumerPosition: BigUint64Array;
  readonly #producerPosition: BigUint64Array;
  readonly #words: Uint32Array;
  readonly #offsetMask: number;
  readonly #copyRecords: CopyRecords;
  readonly #originLow: number;
  readonly #originHigh: number;
  /** Where records of a group begin, in words: the header is there. */
  readonly #found = new Uint32Array(GROUP_RECORDS);
  #foundCount = 0;
  /** How many of those that were found have been copied. */
  #copied = 0;
  /** Where the producers were at the last look, in bytes since the ring was made. */
  #end = 0;
  /** Behind the last record that was found; exact up to 2^53, nine petabytes. */
  #position = 0;
  /** What the kernel has been told. */
  #released = 0;

  /**
   * @param fd file descriptor of the ring's map
   * @param sizeBytes the map's max_entries: a power of two
   * @param copyRecords for the records that the ring has
   * @param originNs CLOCK_MONOTONIC that times count from
   */
  constructor(fd: number, sizeBytes: number, copyRecords: CopyRecords, originNs: bigint) {
    this.#copyRecords = copyRecords;
    this.#consumerPage = new Mapping(fd, 0, PAGE_BYTES, "read-write");
    // The kernel maps the data twice in a row, so that no record is ever cut by the ring's end.
    this.#producerPages = new Mapping(fd, PAGE_BYTES, PAGE_BYTES + 2 * sizeBytes, "read");
    this.#consumerPosition = new BigUint64Array(this.#consumerPage.memory, 0, 1);
    this.#producerPosition = new BigUint64Array(this.#producerPages.memory, 0, 1);
    this.#words = new Uint32Array(this.#producerPages.memory, PAGE_BYTES);
    this.#offsetMask = sizeBytes - 1;
    this.#originLow = Number(originNs & 0xffffffffn);
    this.#originHigh = Number(originNs >> 32n);
  }

  /** From now on there are those records that the kernel has begun by now, and no others. */
  look(): void {
    this.#end = Number(Atomics.load(this.#producerPosition, 0));
  }

  /**
   * When the next record was made, in ns since the origin. Infinity when there is none, or one that its
   * producer has not submitted yet: the ring is read in its order.
   */
  nextTime(): number {
    if (this.#copied === this.#foundCount && !this.#find()) return Infinity;
    return this.#timeAt(this.#found[this.#copied]);
  }

  /**
   * Adds the next records to the batch, one group at most, while there is room and none was made later
   * than `until`.
   */
  copy(batch: EventBatch, until: number): void {
    const from = this.#copied, row = batch.length;
    const to = Math.min(this.#foundCount, from + batch.capacity - row);
    const copied = this.#copyRecords(
      batch,
      this.#words,
      this.#found,
      from,
      to,
      row,
      until,
      this.#originHigh,
      this.#originLow,
    );
    this.#copied = from + copied;
    batch.length = row + copied;
  }

  /** Gives the kernel the room of what has been copied. */
  release(): void {
    let position = this.#position;
    if (this.#copied < this.#foundCount) {
      // A ring is never quite full, so this is no full round.
      const firstLeft = this.#found[this.#copied] * 4;
      position -= (position - firstLeft) & this.#offsetMask;
    }
    if (position === this.#released) return;
    this.#released = position;
    Atomics.store(this.#consumerPosition, 0, BigInt(position));
  }

  /** Goes past the next group of complete records and notes where they are; false when there are none. */
  #find(): boolean {
    const words = this.#words, offsetMask = this.#offsetMask, found = this.#found;
    let unread = this.#end - this.#position;
    let offset = this.#position & offsetMask;
    let count = 0;
    while (unread > 0 && count < GROUP_RECORDS) {
      const word = offset >>> 2;
      const header = words[word] | 0;
      if ((header & BUSY) !== 0) break;
      if ((header & DISCARD) === 0) found[count++] = word;
      const step = ((header & LENGTH) + HEADER_BYTES + 7) & ~7;
      offset = (offset + step) & offsetMask;
      unread -= step;
    }
    this.#position = this.#end - unread;
    this.#foundCount = count;
    this.#copied = 0;
    if (count === 0) return false;
    // One atomic load a group, because each takes as long as all else that is done for a record. It
    // comes between the headers and what they say is complete: none of that is read before it.
    Atomics.load(this.#producerPosition, 0);
    return true;
  }

  #timeAt(word: number): number {
    const words = this.#words;
    return (words[word + TIMESTAMP + 1] - this.#originHigh) * 2 ** 32 +
      (words[word + TIMESTAMP] - this.#originLow);
  }

  [Symbol.dispose](): void {
    this.#producerPages[Symbol.dispose]();
    this.#consumerPage[Symbol.dispose]();
  }
}
