import { IpftError } from "../base/errors.ts";
import { ELEMENT_WORDS, FIXED_WORDS } from "./btf_kind.ts";
import { readBtfSections } from "./btf_sections.ts";

/** Number of words that every type begins with: name, info, and size or type. */
export const COMMON_WORDS = 3;

/**
 * Bits of the info: 0 to 23 hold the vlen, 24 to 30 the kind. Older kernels use fewer and leave the rest
 * 0. Loops over all types use these constants in place of `kindOf` and `vlenOf`: until V8 has compiled a
 * loop, calls dominate its time.
 */
export const VLEN_MASK = 0xffffff;
export const KIND_SHIFT = 24;
export const KIND_MASK = 0x7f;

/** No name or tag is longer. Without a limit, many types could share one string of megabytes. */
const MAX_STRING_BYTES = 4096;

const decoder = new TextDecoder();

/**
 * The raw types and strings of one BTF, on top of those of its base: type ids below `firstId` and string
 * offsets below `#firstString` belong to the base.
 */
export class BtfTable {
  /** The first type id after those of the base; id 0 is void. */
  readonly firstId: number;
  /** The last type id plus one. */
  readonly endId: number;
  /** The types outside the base, back to back. */
  readonly words: Uint32Array;
  /** Index in `words` of type `firstId + i`. */
  readonly starts: Uint32Array;

  /** Byte offset of `words` in the source. */
  readonly #wordsAt: number;
  readonly #strings: Uint8Array;
  readonly #firstString: number;
  readonly #endString: number;

  /** @throws IpftError when the bytes are not BTF or are truncated */
  constructor(bytes: Uint8Array, readonly source: string, readonly base?: BtfTable) {
    const sections = readBtfSections(bytes, source, base !== undefined);
    this.words = sections.types;
    this.#wordsAt = sections.typesAt;
    this.#strings = sections.strings;
    this.#firstString = base ? base.#endString : 0;
    this.#endString = this.#firstString + this.#strings.length;
    this.firstId = base ? base.endId : 1;
    this.starts = this.#findStarts();
    this.endId = this.firstId + this.starts.length;
  }

  #findStarts(): Uint32Array {
    const words = this.words;
    const starts = new Uint32Array(Math.floor(words.length / COMMON_WORDS));
    let count = 0;
    for (let at = 0; at < words.length;) {
      const info = words[at + 1];
      const kind = info >>> KIND_SHIFT & KIND_MASK;
      const next = at + FIXED_WORDS[kind] + ELEMENT_WORDS[kind] * (info & VLEN_MASK);
      // Both comparisons fail for an unknown kind, whose `next` is NaN.
      if (!(next > at && next <= words.length)) {
        const isCutOff = next > at || words.length - at < COMMON_WORDS;
        const why = isCutOff ? "is cut off" : `is of unknown kind ${kind}`;
        throw this.corrupt(`${this.#place(this.firstId + count, at)} ${why}`);
      }
      starts[count++] = at;
      at = next;
    }
    return starts.slice(0, count);
  }

  /** Returns word `index` of a type; all words of void are 0. */
  word(id: number, index: number): number {
    if (id === 0) return 0;
    if (this.base && id < this.firstId) return this.base.word(id, index);
    const start = this.starts[id - this.firstId];
    if (start !== undefined) return this.words[start + index];
    throw this.corrupt(`it has no type ${id}, the last is ${this.endId - 1}`);
  }

  /** Returns the string at an offset. @throws IpftError when there is none, or it is too long */
  string(offset: number): string {
    if (this.base && offset < this.#firstString) return this.base.string(offset);
    const start = offset - this.#firstString;
    if (start >= this.#strings.length) {
      throw this.corrupt(`it has no string at ${offset}, the last ends at ${this.#endString}`);
    }
    const bytes = this.#strings.subarray(start, start + MAX_STRING_BYTES + 1);
    const length = bytes.indexOf(0);
    if (length >= 0) return decoder.decode(bytes.subarray(0, length));
    throw this.corrupt(`its string at ${offset} is longer than ${MAX_STRING_BYTES} bytes`);
  }

  /** Compares the string at `offset` with `wanted`, which ends with a NUL, without decoding it. */
  isString(offset: number, wanted: Uint8Array): boolean {
    if (this.base && offset < this.#firstString) return this.base.isString(offset, wanted);
    const start = offset - this.#firstString;
    for (let i = 0; i < wanted.length; i++) {
      if (this.#strings[start + i] !== wanted[i]) return false;
    }
    return true;
  }

  /** Returns the error for a type that is not what the caller needs. */
  unfit(id: number, why: string): IpftError {
    return this.corrupt(`${this.#place(id, this.starts[id - this.firstId])} ${why}`);
  }

  /** Returns the error for BTF that is corrupt. */
  corrupt(why: string): IpftError {
    return new IpftError(`cannot read the BTF of ${this.source}: ${why}`);
  }

  #place(id: number, start: number | undefined): string {
    return start === undefined ? `type ${id}` : `type ${id} at byte ${this.#wordsAt + start * 4}`;
  }
}

/** Extracts the kind from the info of a type. */
export function kindOf(info: number): number {
  return info >>> KIND_SHIFT & KIND_MASK;
}

/** Extracts the number of members, values, parameters or variables from the info of a type. */
export function vlenOf(info: number): number {
  return info & VLEN_MASK;
}
