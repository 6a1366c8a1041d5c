import { Mapping } from "../ffi/libc.ts";
import { DATA_BYTES, EVENT, type EventBatch } from "./event.ts";

/** struct bpf_ringbuf_hdr { u32 len; u32 pg_off; }, the bits in len: include/uapi/linux/bpf.h. */
const HEADER_BYTES = 8, BUSY = 0x80000000 | 0, DISCARD = 0x40000000, LENGTH = 0x3fffffff;

/** The positions live on pages of their own (kernel/bpf/ringbuf.c). x86-64. */
const PAGE_BYTES = 4096;

const HEADER_WORDS = HEADER_BYTES / 4,
  SKB = HEADER_WORDS + EVENT.skb / 4,
  TIMESTAMP = HEADER_WORDS + EVENT.timestamp / 4,
  FUNCTION_INDEX = HEADER_WORDS + EVENT.functionIndex / 4,
  CPU = HEADER_WORDS + EVENT.cpu / 4,
  DATA = HEADER_WORDS + EVENT.sizeBytes / 4,
  DATA_WORDS = DATA_BYTES / 4;

/**
 * Reads the records of a BPF ring buffer (BPF_MAP_TYPE_RINGBUF) of `struct event`, or of `struct
 * event_with_data`, straight from the memory that it shares with the kernel, as its only consumer.
 */
export class RingReader implements Disposable {
  readonly #consumerPage: Mapping;
  readonly #producerPages: Mapping;
  readonly #consumerPosition: BigUint64Array;
  readonly #producerPosition: BigUint64Array;
  readonly #words: Uint32Array;
  readonly #offsetMask: number;
  readonly #originLow: number;
  readonly #originHigh: number;
  /** Bytes consumed since the ring was made; exact up to 2^53, nine petabytes. */
  #position = 0;

  /**
   * @param ringFd file descriptor of the ring's map
   * @param sizeBytes the map's max_entries: a power of two
   * @param originNs CLOCK_MONOTONIC that the batches' timestamps count from
   */
  constructor(ringFd: number, sizeBytes: number, originNs: bigint) {
    this.#consumerPage = new Mapping(ringFd, 0, PAGE_BYTES, "read-write");
    // The kernel maps the data twice in a row, so that no record is ever cut by the ring's end.
    this.#producerPages = new Mapping(ringFd, PAGE_BYTES, PAGE_BYTES + 2 * sizeBytes, "read");
    this.#consumerPosition = new BigUint64Array(this.#consumerPage.memory, 0, 1);
    this.#producerPosition = new BigUint64Array(this.#producerPages.memory, 0, 1);
    this.#words = new Uint32Array(this.#producerPages.memory, PAGE_BYTES);
    this.#offsetMask = sizeBytes - 1;
    this.#originLow = Number(originNs & 0xffffffffn);
    this.#originHigh = Number(originNs >> 32n);
  }

  /**
   * Fills `batch` from its start with the next records and frees their room in the ring. Stops at a
   * record that its producer has reserved but not submitted yet: the ring is read in its order.
   * @param batch one with `data` takes records of `struct event_with_data` only
   */
  read(batch: EventBatch): void {
    const { skbLow, skbHigh, timestamp, functionIndex, cpu, data, capacity } = batch;
    const words = this.#words, offsetMask = this.#offsetMask;
    const originLow = this.#originLow, originHigh = this.#originHigh;
    const end = Number(Atomics.load(this.#producerPosition, 0));
    let unread = end - this.#position;
    let offset = this.#position & offsetMask;
    let length = 0;
    while (unread > 0 && length < capacity) {
      const word = offset >>> 2;
      // Atomic, so that the record is not read before its header says that it is complete.
      const header = Atomics.load(words, word) | 0;
      if ((header & BUSY) !== 0) break;
      if ((header & DISCARD) === 0) {
        skbLow[length] = words[word + SKB];
        skbHigh[length] = words[word + SKB + 1];
        timestamp[length] = (words[word + TIMESTAMP + 1] - originHigh) * 2 ** 32 +
          (words[word + TIMESTAMP] - originLow);
        functionIndex[length] = words[word + FUNCTION_INDEX];
        cpu[length] = words[word + CPU]; // u16: the store cuts off the flags above it
        if (data !== undefined) copyData(words, word + DATA, data, length * DATA_WORDS);
        length++;
      }
      const step = ((header & LENGTH) + HEADER_BYTES + 7) & ~7;
      offset = (offset + step) & offsetMask;
      unread -= step;
    }
    batch.length = length;
    if (this.#position !== end - unread) {
      this.#position = end - unread;
      Atomics.store(this.#consumerPosition, 0, BigInt(this.#position));
    }
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
