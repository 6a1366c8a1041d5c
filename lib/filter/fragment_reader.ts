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

  require(bytes: number): void {
    const code = this.#code, isEnough: Label = {};
    code.load(8, "r2", "r10", SLOT.limit);
    code.jumpIf("greaterOrEqual", "r2", bytes, isEnough, 64);
    code.move("r1", bytes);
    code.jump(this.#tooShort);
    code.place(isEnough);
  }

  calls(): boolean {
    return true;
  }

  readAt(to: typeof A | typeof X, offset: number, size: Size): void {
    const code = this.#code, address = "r1", isChosen: Label = {}, end = offset + size;
    if (end <= AT.afterLinkWord) return this.#start.readAt(to, offset, size, true);
    if (offset < AT.afterLinkWord) return code.jump(this.#unknown);
    code.move(address, FRAME, 64);
    code.jumpIf("greaterOrEqual", LINEAR, end, isChosen, 64);
    if (size > 1) code.jumpIf("greater", LINEAR, offset, this.#unknown, 64);
    code.load(8, address, "r10", SLOT.fragment);
    code.place(isChosen);
    this.#memory.read(size, to, address, offset);
    this.#toNumber(to, size);
  }

  readBehindX(to: typeof A, offset: number, size: Size): void {
    const code = this.#code, address = "r3", isThere: Label = {}, isChosen: Label = {};
    code.move("r1", X);
    code.calculate("add", "r1", offset, 64);
    code.jumpIf("less", "r1", AT.afterLinkWord, this.#unknown, 64);
    code.move("r2", "r1", 64);
    code.calculate("add", "r2", size, 64);
    code.load(8, "r3", "r10", SLOT.limit);
    code.jumpIf("lessOrEqual", "r2", "r3", isThere, 64);
    code.move("r1", "r2", 64);
    code.jump(this.#tooShort);
    code.place(isThere);
    code.move(address, FRAME, 64);
    code.jumpIf("lessOrEqual", "r2", LINEAR, isChosen, 64);
    code.jumpIf("less", "r1", LINEAR, this.#unknown, 64);
    code.load(8, address, "r10", SLOT.fragment);
    code.place(isChosen);
    code.calculate("add", "r1", address, 64);
    this.#memory.read(size, to, "r1");
    this.#toNumber(to, size);
  }

  #toNumber(to: typeof A | typeof X, size: Size): void {
    if (size > 1) this.#code.toNumber(to, 8 * size as 16 | 32);
  }
}
