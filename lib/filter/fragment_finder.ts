/**
 * Finds the bytes of a frame that are not in the linear part of the skb, but in its first page fragment. Headers
 * are there in drivers that give whole pages to the kernel, and data is where a local socket sends it.
 */
import type { FragmentLayout, SkbLayout } from "../kernel/skb_layout.ts";
import type { Assembler, Label, Register } from "./assembler.ts";
import { AT, FRAME, LINEAR, SLOT } from "./frame.ts";
import type { Memory, Place } from "./memory.ts";

export class FragmentFinder {
  /** Where `struct skb_shared_info` is; then other addresses. */
  static readonly #SHARED = "r7";
  /** The address of the fragment's page. */
  static readonly #PAGE = "r8";

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
   * Fills the slots that a FragmentReader needs, for a frame whose length and link word are in theirs.
   * @param unknown where to go if there is no fragment that can be read
   */
  find(unknown: Label): void {
    const code = this.#code;
    const page = FragmentFinder.#PAGE, read = "r1";
    const { base, begin } = this.#readShared();
    code.load(1, read, base, begin + this.#layout.count);
    code.jumpIf("equal", read, 0, unknown);
    code.load(4, read, base, begin + this.#layout.length);
    code.calculate("add", read, LINEAR, 64);
    code.store(8, "r10", SLOT.limit, read);
    code.load(4, read, base, begin + this.#layout.offset);
    code.calculate("subtract", read, LINEAR, 64);
    code.store(8, "r10", SLOT.fragment, read);
    code.load(8, page, base, begin + this.#layout.page);
    // The lowest bit says that there is no page, but memory of a device.
    code.jumpIf("equal", page, 0, unknown, 64);
    code.jumpIf("anyBit", page, 1, unknown);
    this.#toAddress(page);
    code.load(8, "r1", "r10", SLOT.fragment);
    code.calculate("add", page, "r1", 64);
    code.store(8, "r10", SLOT.fragment, page);
    this.#completeLinkWord(page, unknown);
  }

  /**
   * Makes loadable what the skb shares with its copies, which is behind the linear part. Also makes FRAME the
   * address of the frame, and LINEAR a number that the verifier knows nothing of: otherwise it would look at
   * all that follows for each bound that it may have.
   */
  #readShared(): Place {
    const code = this.#code, { tail, end, head } = this.#skb;
    const { page, length, offset } = this.#layout, shared = FragmentFinder.#SHARED;
    code.load(8, "r1", "r10", SLOT.skb);
    // Aligned as in the skb.
    const { base, begin } = this.#memory.window(SLOT.copy + tail % 8, head + 8 - tail, "r1", tail);
    code.load(4, FRAME, base, begin);
    code.load(4, shared, base, begin + end - tail);
    code.load(8, "r1", base, begin + head - tail);
    code.calculate("add", shared, "r1", 64);
    code.calculate("add", FRAME, "r1", 64);
    code.move("r1", FRAME, 64);
    code.calculate("subtract", FRAME, LINEAR, 64);
    code.calculate("subtract", "r1", FRAME, 64);
    code.move(LINEAR, "r1", 64);
    const bytes = Math.max(page + 8, length + 4, offset + 4);
    return this.#memory.window(SLOT.copy, bytes, shared, 0);
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
    this.#memory.read(4, first, fragment, AT.network);
    code.toNumber(first, 32);
    code.load(8, "r1", "r10", SLOT.linkWord);
    code.calculate("shiftRight", "r1", 32, 64);
    code.calculate("shiftLeft", "r1", 32, 64);
    code.calculate("or", "r1", first, 64);
    code.store(8, "r10", SLOT.linkWord, "r1");
    code.place(isComplete);
  }
}
