import { Mapping } from "../ffi/libc.ts";
import { CPU_BITS, DATA_BYTES, EVENT, type EventBatch } from "../event/event.ts";

/** struct bpf_ringbuf_hdr { u32 len; u32 pg_off; }, the bits in len: include/uapi/linux/bpf.h. */
const HEADER_BYTES = 8, BUSY = 0x80000000 | 0, DISCARD = 0x40000000, LENGTH = 0x3fffffff;

/** The positions live on pages of their own (kernel/bpf/ringbuf.c). x86-64. */
const PAGE_BYTES = 4096;

const HEADER_WORDS = HEADER_BYTES / 4,
  SKB = HEADER_WORDS + EVENT.skb / 4,
  TIMESTAMP = HEADER_WORDS + EVENT.timestamp / 4,
  TASK = HEADER_WORDS + EVENT.task / 4,
  /** The function's index in the lower half, in the upper one the CPU and whether the call returns. */
  CALL = HEADER_WORDS + EVENT.functionIndex / 4,
  DATA = HEADER_WORDS + EVENT.sizeBytes / 4,
  DATA_WORDS = DATA_BYTES / 4;

/** Records that are looked for, and then copied, at once. */
const GROUP_RECORDS = 256;

const CPU_MASK = (1 << CPU_BITS) - 1;

/**
 * The memory that a BPF ring buffer (BPF_MAP_TYPE_RINGBUF) of `struct event`, or of `struct
 * event_with_data`, shares with the kernel, read as its only consumer.
 */
export class Ring implements Disposable {
  readonly #consumerPage: Mapping;
  readonly #producerPages: Mapping;
  readonly #consumerPosition: BigUint64Array;
  readonly #producerPosition: BigUint64Array;
  readonly #words: Uint32Array;
  readonly #offsetMask: number;
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
   * @param originNs CLOCK_MONOTONIC that times count from
   */
  constructor(fd: number, sizeBytes: number, originNs: bigint) {
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
   * @param batch one with `data` takes records of `struct event_with_data` only
   */
  copy(batch: EventBatch, until: number): void {
    const { skbLow, skbHigh, timestamp, task, functionIndex, cpu, isReturn, data } = batch;
    const words = this.#words, found = this.#found;
    let row = batch.length, next = this.#copied;
    const end = Math.min(this.#foundCount, next + batch.capacity - row);
    for (; next < end; next++, row++) {
      const word = found[next];
      const time = this.#timeAt(word);
      if (time > until) break;
      timestamp[row] = time;
      skbLow[row] = words[word + SKB];
      skbHigh[row] = words[word + SKB + 1];
      task[row] = words[word + TASK];
      const call = words[word + CALL];
      functionIndex[row] = call; // u16: the store cuts off what is above it
      cpu[row] = (call >>> 16) & CPU_MASK;
      isReturn[row] = call >>> (16 + CPU_BITS);
      if (data !== undefined) copyData(words, word + DATA, data, row * DATA_WORDS);
    }
    this.#copied = next;
    batch.length = row;
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

/** Word by word: `set` would need a view of every record. */
function copyData(from: Uint32Array, start: number, to: Uint32Array, at: number): void {
  for (let i = 0; i < DATA_WORDS; i++) to[at + i] = from[start + i];
}
