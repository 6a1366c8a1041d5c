import type { EventBatch } from "../event/batch.ts";
import type { Column, Columns } from "../event/column.ts";
import { EVENT } from "../event/event.ts";
import { type Place, recordLayout, structLayout } from "../event/layout.ts";
import type { Section } from "../event/section.ts";

/**
 * Copies records to rows of a batch, as far as there are records, room, and none made later than `until`.
 * @param words the ring's memory
 * @param starts where records begin in `words`; those from `from` up to `to` are there to be copied
 * @param row the first row to fill
 * @param until in ns since the origin, which is `originHigh * 2^32 + originLow`
 * @returns how many were copied
 */
export type CopyRecords = (
  batch: EventBatch,
  words: Uint32Array,
  starts: Uint32Array,
  from: number,
  to: number,
  row: number,
  until: number,
  originHigh: number,
  originLow: number,
) => number;

/**
 * Compiles the loop that copies records of `struct event` and these sections: with every offset, shift
 * and mask a number in its code, as in the programs that write the records. A record takes some 8 ns,
 * less than a call for each of its columns would.
 */
export function compileCopy(sections: readonly Section[]): CopyRecords {
  const { offsets } = recordLayout(sections);
  const loop = new CopyLoop();
  loop.add("batch.columns", EVENT, 0);
  sections.forEach((section, i) =>
    loop.add(`batch.section(sections[${i}])`, section.columns, offsets.get(section)!)
  );
  return new Function("sections", loop.source)(sections) as CopyRecords;
}

/** Before a record: struct bpf_ringbuf_hdr { u32 len; u32 pg_off; } of include/uapi/linux/bpf.h. */
const HEADER_WORDS = 2;

/** The source of the loop, made column by column. */
class CopyLoop {
  readonly #arrays: string[] = [];
  /** The words that are read of a record: each once, because stores may have changed them in between. */
  readonly #words = new Set<number>();
  readonly #stores: string[] = [];

  /** Adds columns that begin at a byte of the record. @param from the expression for their arrays */
  add(from: string, columns: Columns, startBytes: number): void {
    const { places } = structLayout(columns);
    for (const [name, column] of Object.entries(columns)) {
      const array = `array${this.#arrays.length}`;
      this.#arrays.push(`const ${array} = ${from}.${name};`);
      this.#stores.push(this.#store(array, column, places.get(name)!, startBytes));
    }
  }

  get source(): string {
    const time = this.#time(EVENT_TIME);
    return `return (batch, words, starts, from, to, row, until, originHigh, originLow) => {
      ${this.#arrays.join("\n")}
      let next = from;
      for (; next < to; next++, row++) {
        const start = starts[next];
        ${[...this.#words].map((at) => `const word${at} = words[start + ${at}];`).join("\n")}
        const time = ${time};
        if (time > until) break;
        ${this.#stores.join("\n")}
      }
      return next - from;
    };`;
  }

  #store(
    array: string,
    { type }: Column,
    { offsetBytes, sizeBytes, shift, bits }: Place,
    startBytes: number,
  ): string {
    const at = startBytes + offsetBytes;
    switch (type) {
      case "u64":
        return `${array}[2 * row] = ${this.#word(at)}; ${array}[2 * row + 1] = ${
          this.#word(at + 4)
        };`;
      case "time":
        return `${array}[row] = ${at === EVENT_TIME ? "time" : this.#time(at)};`;
      case "bytes": {
        const count = sizeBytes / 4, first = HEADER_WORDS + at / 4;
        return `for (let i = 0; i < ${count}; i++) ` +
          `${array}[${count} * row + i] = words[start + ${first} + i];`;
      }
      default: {
        const lowest = (at & 3) * 8 + shift;
        const shifted = lowest === 0 ? this.#word(at) : `${this.#word(at)} >>> ${lowest}`;
        // Above the bits of the value: nothing, what the array cuts off, or other columns.
        const isCut = bits === 8 * sizeBytes || lowest + bits === 32;
        return `${array}[row] = ${isCut ? shifted : `${shifted} & ${2 ** bits - 1}`};`;
      }
    }
  }

  #time(at: number): string {
    return `(${this.#word(at + 4)} - originHigh) * 4294967296 + (${this.#word(at)} - originLow)`;
  }

  /** The variable for the word at a byte of the record. */
  #word(at: number): string {
    const word = HEADER_WORDS + (at >>> 2);
    this.#words.add(word);
    return `word${word}`;
  }
}

/** Where a record has its time, which is needed before it is known that the record is copied. */
const EVENT_TIME = structLayout(EVENT).places.get("timestamp")!.offsetBytes;
