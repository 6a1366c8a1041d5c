import type { Assembler, Label, Register, Size } from "./assembler.ts";
import { type A, AT, FRAME, LINEAR, SLOT, X } from "./frame.ts";
import type { BytesReader, FrameReader } from "./frame_reader.ts";
import type { Memory } from "./memory.ts";

/** Reads a frame whose bytes are partly in the skb's first page fragment (see FragmentFinder). Slower than FrameReader. */
export class FragmentReader implements BytesReader {
  readonly #code: Assembler;
  readonly #memory: Memory;
  readonly #start: FrameReader;
  readonly #tooShort: Label;
  readonly #unknown: Label;

  /**
   * @param start reads what is in front of the packet's own bytes
   * @param tooShort where to go if there are fewer bytes than r1 says
   * @param unknown where to go if what is to be read is partly here and partly there
   */
  constructor(
    code: Assembler,
    memory: Memory,
    start: FrameReader,
    tooShort: Label,
    unknown: Label,
  ) {
    this.#code = code;
    this.#memory = memory;
    this.#start = start;
    this.#tooShort = tooShort;
    this.#unknown = unknown;
  }

  readLength(to: Register): void {
    this.#code.load(8, to, "r10", SLOT.length);
  }

  /** Does nothing: every read checks. */
  require(): void {}

  calls(): boolean {
    return true;
  }

  readAt(to: typeof A | typeof X, offset: number, size: Size): void {
    const code = this.#code;
    if (offset + size <= AT.afterLinkWord) return this.#start.readAt(to, offset, size, true);
    if (offset < AT.afterLinkWord) return code.jump(this.#unknown);
    code.move("r1", offset);
    this.#read(to, size);
  }

  readBehindX(to: typeof A, offset: number, size: Size): void {
    const code = this.#code;
    code.move("r1", X);
    code.calculate("add", "r1", offset, 64);
    code.jumpIf("less", "r1", AT.afterLinkWord, this.#unknown, 64);
    this.#read(to, size);
  }

  /** Reads the number at r1. */
  #read(to: typeof A | typeof X, size: Size): void {
    const code = this.#code, isLinear: Label = {}, isFound: Label = {}, isThere: Label = {};
    const end = "r2";
    code.move(end, "r1", 64);
    code.calculate("add", end, size, 64);
    code.load(8, "r3", "r10", SLOT.limit);
    code.jumpIf("lessOrEqual", end, "r3", isThere, 64);
    code.move("r1", end, 64);
    code.jump(this.#tooShort);
    code.place(isThere);
    code.jumpIf("lessOrEqual", end, LINEAR, isLinear, 64);
    code.jumpIf("less", "r1", LINEAR, this.#unknown, 64);
    code.load(8, "r2", "r10", SLOT.fragment);
    code.calculate("add", "r1", "r2", 64);
    code.jump(isFound);
    code.place(isLinear);
    code.calculate("add", "r1", FRAME, 64);
    code.place(isFound);
    this.#memory.read(size, to, "r1");
    if (size > 1) code.toNumber(to, 8 * size as 16 | 32);
  }
}
