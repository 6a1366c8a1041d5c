/**
 * Reads bytes of a frame. It is not in one piece: its first bytes are the addresses, which may be missing, then
 * comes the link word, which is in a register, and the rest is in memory.
 */
import type { SkbLayout } from "../kernel/skb_layout.ts";
import type { Assembler, Label, Register, Size } from "./assembler.ts";
import { type A, AT, COPY_BYTES, FRAME, LINEAR, LINK_WORD, SLOT, X } from "./frame.ts";
import { BYTES_END, BYTES_OFFSET, type Memory } from "./memory.ts";

/** Reads bytes of the frame that has been found, for the program of an expression. */
export interface BytesReader {
  /** Reads the length of the frame. */
  readLength(to: Register): void;
  /**
   * Makes sure that there are so many bytes of the frame.
   * @param isKept whether the link word is in its slot, and not in its register
   */
  require(bytes: number, isKept: boolean): void;
  /** Whether reading at a constant offset takes a call. */
  calls(offset: number, size: number): boolean;
  /**
   * Reads a number at a constant offset, which `require` has made sure of.
   * @param isAfterCall whether a call may have come before
   */
  readAt(to: typeof A | typeof X, offset: number, size: Size, isAfterCall: boolean): void;
  /**
   * Reads a number at an offset that is added to X.
   * @param offset below 2^31
   */
  readBehindX(to: typeof A, offset: number, size: Size): void;
}

/** Reads what is in the linear part of the skb. */
export class FrameReader implements BytesReader {
  readonly #code: Assembler;
  readonly #memory: Memory;
  readonly #layout: SkbLayout;
  readonly #noMatch: Label;
  readonly #tooShort: Label;

  /**
   * @param noMatch where to go if the skb has no such bytes at this moment
   * @param tooShort where to go, with the link word in its slot, if the linear part has fewer bytes of the
   *   frame than r1 says
   */
  constructor(
    code: Assembler,
    memory: Memory,
    layout: SkbLayout,
    noMatch: Label,
    tooShort: Label,
  ) {
    this.#code = code;
    this.#memory = memory;
    this.#layout = layout;
    this.#noMatch = noMatch;
    this.#tooShort = tooShort;
  }

  readLength(to: Register): void {
    const code = this.#code;
    code.load(8, "r1", "r10", SLOT.skb);
    this.#memory.read(4, to, "r1", this.#layout.dataLength);
    code.calculate("add", to, LINEAR, 64);
  }

  require(bytes: number, isKept: boolean): void {
    const code = this.#code, isEnough: Label = {};
    code.jumpIf("greaterOrEqual", LINEAR, bytes, isEnough, 64);
    if (!isKept) code.store(8, "r10", SLOT.linkWord, LINK_WORD);
    code.move("r1", bytes);
    code.jump(this.#tooShort);
    code.place(isEnough);
  }

  calls(offset: number, size: number): boolean {
    return offset < AT.linkWord ||
      (this.#memory.canCast
        ? BYTES_OFFSET + offset + size > BYTES_END
        : offset + size > AT.copy + COPY_BYTES);
  }

  readAt(to: typeof A | typeof X, offset: number, size: Size, isAfterCall: boolean): void {
    if (isInOnePiece(offset, size) && this.#isAligned(offset, size)) {
      return this.#readPiece(to, offset, size, isAfterCall);
    }
    const code = this.#code;
    for (let i = 0; i < size; i++) {
      this.#readPiece(i === 0 ? to : "r0", offset + i, 1, isAfterCall || this.calls(offset, size));
      if (i === 0) continue;
      code.calculate("shiftLeft", to, 8);
      code.calculate("or", to, "r0");
    }
  }

  /** The verifier wants what is read from the stack to be aligned. */
  #isAligned(offset: number, size: Size): boolean {
    return this.#memory.canCast || this.calls(offset, size) || (offset - AT.copy) % size === 0;
  }

  /** Reads from one of the pieces that a frame consists of. */
  #readPiece(to: Register, offset: number, size: Size, isAfterCall: boolean): void {
    const code = this.#code;
    if (offset >= AT.afterLinkWord) return this.#readMemory(to, offset, size);
    if (offset >= AT.linkWord) return this.#readLinkWord(to, offset, size, isAfterCall);
    code.load(8, "r1", "r10", SLOT.addresses);
    code.jumpIf("equal", "r1", 0, this.#noMatch, 64);
    this.#memory.read(size, to, "r1", offset);
    this.#toNumber(to, size);
  }

  #readLinkWord(to: Register, offset: number, size: Size, isAfterCall: boolean): void {
    const code = this.#code, shift = 8 * (AT.afterLinkWord - offset - size);
    if (isAfterCall) code.load(8, to, "r10", SLOT.linkWord);
    else code.move(to, LINK_WORD, 64);
    if (shift > 0) code.calculate("shiftRight", to, shift, 64);
    if (size === 4) code.move(to, to);
    else code.calculate("and", to, 2 ** (8 * size) - 1);
  }

  #readMemory(to: Register, offset: number, size: Size): void {
    const code = this.#code;
    if (this.calls(offset, size)) this.#memory.read(size, to, FRAME, this.#fromFrame(offset));
    else if (this.#memory.canCast) code.load(size, to, FRAME, BYTES_OFFSET + offset);
    else code.load(size, to, "r10", SLOT.copy + offset - AT.copy);
    this.#toNumber(to, size);
  }

  /** FRAME is a pointer to a struct whose bytes are the frame, if it is cast. */
  #fromFrame(offset: number): number {
    return this.#memory.canCast ? BYTES_OFFSET + offset : offset;
  }

  readBehindX(to: typeof A, offset: number, size: Size): void {
    const code = this.#code, isInStart: Label = {}, isRead: Label = {};
    code.move("r1", X);
    code.calculate("add", "r1", offset, 64);
    code.calculate("add", "r1", size, 64);
    code.jumpIf("greater", "r1", LINEAR, this.#tooShort, 64);
    code.jumpIf("less", "r1", AT.afterLinkWord + size, isInStart, 64);
    code.calculate("add", "r1", FRAME, 64);
    this.#memory.read(size, to, "r1", this.#fromFrame(-size));
    code.jump(isRead);
    code.place(isInStart);
    code.calculate("subtract", "r1", size, 64);
    this.#readStart(to, size);
    code.place(isRead);
    this.#toNumber(to, size);
  }

  /** Reads the number at r1, which is in front of what is in memory, from a copy of the first bytes in one piece. */
  #readStart(to: typeof A, size: Size): void {
    const code = this.#code, memory = this.#memory, hasAddresses: Label = {};
    code.store(8, "r10", SLOT.offset, "r1");
    code.jumpIf("greaterOrEqual", "r1", AT.linkWord, hasAddresses, 64);
    code.load(8, "r3", "r10", SLOT.addresses);
    code.jumpIf("equal", "r3", 0, this.#noMatch, 64);
    memory.copy(SLOT.start, AT.linkWord, "r3");
    code.place(hasAddresses);
    code.load(8, "r1", "r10", SLOT.linkWord);
    code.calculate("shiftLeft", "r1", 16, 64);
    code.toNumber("r1", 64);
    code.store(8, "r10", SLOT.start + AT.linkWord, "r1");
    memory.copy(
      SLOT.start + AT.afterLinkWord,
      4,
      FRAME,
      this.#fromFrame(AT.afterLinkWord),
    );
    code.load(8, "r3", "r10", SLOT.offset);
    code.calculate("add", "r3", "r10", 64);
    memory.copy(SLOT.read, size, "r3", SLOT.start);
    code.load(size, to, "r10", SLOT.read);
  }

  #toNumber(to: Register, size: Size): void {
    if (size > 1) this.#code.toNumber(to, 8 * size as 16 | 32);
  }
}

function isInOnePiece(offset: number, size: number): boolean {
  return offset >= AT.afterLinkWord || offset + size <= AT.linkWord ||
    offset >= AT.linkWord && offset + size <= AT.afterLinkWord;
}
