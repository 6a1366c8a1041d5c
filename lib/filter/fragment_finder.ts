/**
 * Finds the bytes of a frame that are not in the linear part of the skb, but in its first page fragment. Headers
 * are there in drivers that give whole pages to the kernel, and data is where a local socket sends it.
 */
import type { FragmentLayout, SkbLayout } from "../kernel/skb_layout.ts";
import type { Assembler, Label, Register } from "./assembler.ts";
import { ADDRESS, AT, FRAME, LINEAR, LINK_WORD, SLOT } from "./frame.ts";
import type { Memory } from "./memory.ts";

export class FragmentFinder {
  /** Where `struct skb_shared_info` is; then other addresses. */
  static readonly #SHARED = "r7";
  /** What has been read. */
  static readonly #READ = "r8";

  readonly #code: Assembler;
  readonly #memory: Memory;
  readonly #skb: SkbLayout;
  readonly #layout: FragmentLayout;

  constructor(code: Assembler, memory: Memory, skb: SkbLayout, layout: FragmentLayout) {
    this.#code = code;
    this.#memory = memory;
    this.#skb = skb;
    this.#layout = layout;
  }

  /**
   * Fills the slots that a FragmentReader needs, for the frame that has just been found.
   * @param unknown where to go if there is no fragment that can be read
   */
  find(unknown: Label): void {
    const code = this.#code, memory = this.#memory, { end, dataLength, head } = this.#skb;
    const shared = FragmentFinder.#SHARED, read = FragmentFinder.#READ;
    const { count, page, length, offset } = this.#layout;
    code.store(8, "r10", SLOT.linkWord, LINK_WORD);
    code.move(FRAME, ADDRESS, 64);
    this.#readSkb(4, read, dataLength);
    code.calculate("add", read, LINEAR, 64);
    code.store(8, "r10", SLOT.length, read);
    this.#readSkb(4, read, end);
    this.#readSkb(8, shared, head);
    code.calculate("add", shared, read, 64);
    memory.read(1, read, shared, count);
    code.jumpIf("equal", read, 0, unknown);
    memory.read(4, read, shared, length);
    code.calculate("add", read, LINEAR, 64);
    code.store(8, "r10", SLOT.limit, read);
    memory.read(4, read, shared, offset);
    code.calculate("subtract", read, LINEAR, 64);
    code.store(8, "r10", SLOT.fragment, read);
    memory.read(8, read, shared, page);
    // The lowest bit says that there is no page, but memory of a device.
    code.jumpIf("equal", read, 0, unknown, 64);
    code.jumpIf("anyBit", read, 1, unknown);
    this.#toAddress(read);
    code.load(8, "r1", "r10", SLOT.fragment);
    code.calculate("add", read, "r1", 64);
    code.store(8, "r10", SLOT.fragment, read);
    this.#completeLinkWord(read, unknown);
    code.load(8, LINK_WORD, "r10", SLOT.linkWord);
  }

  #readSkb(size: 4 | 8, to: Register, offset: number): void {
    this.#code.load(8, "r1", "r10", SLOT.skb);
    this.#memory.read(size, to, "r1", offset);
  }

  /** Turns the address of a `struct page` into that of the page's memory (page_to_virt). */
  #toAddress(page: Register): void {
    const code = this.#code, { vmemmapBase, pageOffsetBase, pageStructShift } = this.#layout;
    const PAGE_SHIFT = 12, base = FragmentFinder.#SHARED;
    this.#readVariable(base, vmemmapBase);
    code.calculate("subtract", page, base, 64);
    code.calculate("shiftRight", page, pageStructShift, 64);
    code.calculate("shiftLeft", page, PAGE_SHIFT, 64);
    this.#readVariable(base, pageOffsetBase);
    code.calculate("add", page, base, 64);
  }

  /** Reads a variable of the kernel. @param address its upper and lower half */
  #readVariable(to: Register, [high, low]: readonly [number, number]): void {
    const code = this.#code;
    code.move("r1", high);
    code.calculate("shiftLeft", "r1", 32, 64);
    code.move("r2", low);
    code.calculate("or", "r1", "r2", 64);
    this.#memory.read(8, to, "r1");
  }

  /** Completes the link word of a frame whose linear part is its link-layer header, and no more. */
  #completeLinkWord(fragment: Register, unknown: Label): void {
    const code = this.#code, isComplete: Label = {}, first = FragmentFinder.#SHARED;
    code.jumpIf("greaterOrEqual", LINEAR, AT.afterLinkWord, isComplete, 64);
    code.jumpIf("notEqual", LINEAR, AT.network, unknown, 64);
    code.move("r1", fragment, 64);
    this.#memory.read(4, first, "r1", AT.network);
    code.toNumber(first, 32);
    code.load(8, "r1", "r10", SLOT.linkWord);
    code.calculate("shiftRight", "r1", 32, 64);
    code.calculate("shiftLeft", "r1", 32, 64);
    code.calculate("or", "r1", first, 64);
    code.store(8, "r10", SLOT.linkWord, "r1");
    code.place(isComplete);
  }
}
