import type { EventBatch } from "../event/batch.ts";
import type { Column } from "../event/column.ts";
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
 * and mask a number in its code, as in the programs that write the records. A record takes some 9 ns,
 * less than a call for each of its columns would.
 */
export function compileCopy(sections: readonly Section[]): CopyRecords {
  const { offsets } = recordLayout(sections);
  const arrays: string[] = [], statements: string[] = [];
  const add = (array: string, offsetBytes: number, columns: Readonly<Record<string, Column>>) => {
    const { places } = structLayout(columns);
    for (const [name, column] of Object.entries(columns)) {
      const variable = `column${arrays.length}`;
      arrays.push(`const ${variable} = ${array}.${name};`);
      // The time is needed before it is known that the record is copied.
      if (column === EVENT.timestamp) statements.push(`${variable}[row] = time;`);
      else statements.push(copyStatement(variable, column, places.get(name)!, offsetBytes));
    }
  };
  add("batch.columns", 0, EVENT);
  sections.forEach((section, i) =>
    add(`batch.section(sections[${i}])`, offsets.get(section)!, section.columns)
  );
  const timeAt = structLayout(EVENT).places.get("timestamp")!.offsetBytes;
  return new Function(
    "sections",
    `return (batch, words, starts, from, to, row, until, originHigh, originLow) => {
      ${arrays.join("\n")}
      let next = from;
      for (; next < to; next++, row++) {
        const word = starts[next];
        const time = ${timeExpression(timeAt)};
        if (time > until) break;
        ${statements.join("\n")}
      }
      return next - from;
    };`,
  )(sections) as CopyRecords;
}

/** Before a record: struct bpf_ringbuf_hdr { u32 len; u32 pg_off; } of include/uapi/linux/bpf.h. */
const HEADER_WORDS = 2;

/** The word at a byte of the record that `word` is the start of. */
function wordAt(offsetBytes: number): string {
  return `words[word + ${HEADER_WORDS + (offsetBytes >>> 2)}]`;
}

function timeExpression(offsetBytes: number): string {
  return `(${wordAt(offsetBytes + 4)} - originHigh) * 4294967296 + ` +
    `(${wordAt(offsetBytes)} - originLow)`;
}

function copyStatement(
  array: string,
  { type }: Column,
  { offsetBytes, sizeBytes, shift, bits }: Place,
  partBytes: number,
): string {
  const at = partBytes + offsetBytes;
  switch (type) {
    case "u64":
      return `${array}[2 * row] = ${wordAt(at)}; ${array}[2 * row + 1] = ${wordAt(at + 4)};`;
    case "time":
      return `${array}[row] = ${timeExpression(at)};`;
    case "bytes": {
      const count = sizeBytes / 4;
      return `for (let i = 0; i < ${count}; i++) ` +
        `${array}[${count} * row + i] = words[word + ${HEADER_WORDS + at / 4} + i];`;
    }
    default: {
      const lowest = (at & 3) * 8 + shift;
      const shifted = lowest === 0 ? wordAt(at) : `${wordAt(at)} >>> ${lowest}`;
      // Above the bits of the value: nothing, what the array cuts off, or other columns.
      const isCut = bits === 32 || bits === 8 * sizeBytes || lowest + bits === 32;
      return `${array}[row] = ${isCut ? shifted : `${shifted} & ${2 ** bits - 1}`};`;
    }
  }
}
