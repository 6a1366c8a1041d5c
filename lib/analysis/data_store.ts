import { DATA_BYTES } from "../event/event.ts";
import { GROUP_LINES } from "../output/text/text_buffer.ts";

const DATA_WORDS = DATA_BYTES / 4;

/** Events of a chunk, a power of two: 2^14 events are 1 MiB. */
const CHUNK_BITS = 14;
const CHUNK_EVENTS = 1 << CHUNK_BITS;

/** What the module has written of each event, 64 bytes, in chunks, so that growing copies nothing. */
export class DataStore {
  readonly #chunks: Uint32Array<ArrayBuffer>[] = [];
  #events = 0;
  readonly #gathered = new Uint32Array(GROUP_LINES * DATA_WORDS);
  readonly #gatheredBytes = new Uint8Array(this.#gathered.buffer);

  /** Keeps the data of the next `count` events. */
  append(data: Uint32Array, count: number): void {
    for (let done = 0; done < count;) {
      const at = this.#events % CHUNK_EVENTS;
      if (at === 0) this.#chunks.push(new Uint32Array(CHUNK_EVENTS * DATA_WORDS));
      const next = Math.min(count, done + CHUNK_EVENTS - at);
      const part = data.subarray(done * DATA_WORDS, next * DATA_WORDS);
      this.#chunks[this.#chunks.length - 1].set(part, at * DATA_WORDS);
      this.#events += next - done;
      done = next;
    }
  }

  /**
   * The data of some events, `GROUP_LINES` at most, one after the other; valid until the next call.
   * @param numbers the events: 0 is the first that was appended
   */
  gather(numbers: Uint32Array): Uint8Array<ArrayBuffer> {
    const gathered = this.#gathered;
    for (let i = 0; i < numbers.length; i++) {
      const chunk = this.#chunks[numbers[i] >>> CHUNK_BITS];
      const start = (numbers[i] & (CHUNK_EVENTS - 1)) * DATA_WORDS;
      for (let word = 0; word < DATA_WORDS; word++) {
        gathered[i * DATA_WORDS + word] = chunk[start + word];
      }
    }
    return this.#gatheredBytes.subarray(0, numbers.length * DATA_BYTES);
  }
}
