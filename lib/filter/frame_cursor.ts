import type { Assembler, Label, Register } from "./assembler.ts";
import { ADDRESS, AT, COPY_BYTES, FRAME, LINEAR, LINK_WORD, SLOT } from "./frame.ts";
import { BYTES_OFFSET, type Memory, type Place } from "./memory.ts";

/** Types of a frame (include/uapi/linux/if_ether.h). */
export const TYPE = {
  ip: 0x0800,
  ethernet: 0x6558,
  tag: 0x8100,
  ipv6: 0x86dd,
  serviceTag: 0x88a8,
} as const;

export const TAG_BYTES = 4;

/** How many tags are taken out of a frame. */
const TAGS = 2;

/** What an expression wants of its frame. */
export interface Wanted {
  /** Whether VLAN tags are to be in the frame, the one beside it as well. Otherwise all are taken out. */
  readonly showsTags: boolean;
  /** Whether the addresses are read. */
  readonly addresses: boolean;
  /** How many bytes are copied where the frame cannot be read in place. */
  readonly copiedBytes: number;
}

/** Moves to where a frame begins, which ADDRESS says, and gets at the frame. */
export class FrameCursor {
  readonly #code: Assembler;
  readonly #memory: Memory;
  readonly #wanted: Wanted;

  constructor(code: Assembler, memory: Memory, wanted: Wanted) {
    this.#code = code;
    this.#memory = memory;
    this.#wanted = wanted;
  }

  /**
   * Lets the frame begin later.
   * @param offset how many bytes
   * @param tooShort where to go if the linear part has not as many
   * @param back how many bytes earlier than that, which are somewhere else
   */
  moveTo(offset: Register, tooShort: Label, back = 0): void {
    const code = this.#code;
    code.jumpIf("greater", offset, LINEAR, tooShort, 64);
    // In one step, after which the verifier knows no bounds: it would look at all that follows once more.
    if (back > 0) code.calculate("subtract", offset, back, 64);
    code.calculate("subtract", LINEAR, offset, 64);
    code.calculate("add", ADDRESS, offset, 64);
  }

  /** Lets the frame begin earlier: its first bytes are somewhere else. */
  moveBack(bytes: number): void {
    const code = this.#code;
    code.calculate("add", LINEAR, bytes, 64);
    code.calculate("subtract", ADDRESS, bytes, 64);
  }

  /** Notes that the frame has its addresses where it begins. */
  keepAddresses(): void {
    if (this.#wanted.addresses) this.#code.store(8, "r10", SLOT.addresses, ADDRESS);
  }

  /** Reads the frame's link word, and gets at the frame. */
  readLinkWord(): void {
    const { base, begin } = this.getFrame();
    this.#code.load(8, LINK_WORD, base, begin + AT.copy);
    this.#code.toNumber(LINK_WORD, 64);
  }

  /** Puts what FRAME is to be into it, or a copy beside it. Returns `place`. */
  getFrame(): Place {
    const code = this.#code;
    if (this.#memory.canCast) {
      this.#memory.cast(ADDRESS);
      code.move(FRAME, "r0", 64);
    } else {
      code.move(FRAME, ADDRESS, 64);
      const bytes = Math.min(Math.max(8, this.#wanted.copiedBytes), COPY_BYTES);
      this.#memory.copy(SLOT.copy, bytes, ADDRESS, AT.copy);
    }
    return this.place;
  }

  /** Where byte 0 of the frame can be loaded. */
  get place(): Place {
    if (this.#memory.canCast) return { base: FRAME, begin: BYTES_OFFSET };
    return { base: "r10", begin: SLOT.copy - AT.copy };
  }

  /**
   * Takes VLAN tags out of a frame whose link word has been read.
   * @param untagged where to go when there is none
   * @param tooShort where to go if the linear part has no room for a tag
   * @param require makes sure that the linear part has so many bytes, and so the type behind a tag
   */
  takeTagsOut(untagged: Label, tooShort: Label, require?: (bytes: number) => void): void {
    const code = this.#code;
    for (let tag = 0; tag < TAGS; tag++) {
      const isTag: Label = {};
      code.move("r1", LINK_WORD, 64);
      code.calculate("shiftRight", "r1", 32, 64);
      code.calculate("and", "r1", 0xffff);
      code.jumpIf("equal", "r1", TYPE.tag, isTag);
      code.jumpIf("notEqual", "r1", TYPE.serviceTag, untagged);
      code.place(isTag);
      require?.(AT.network + TAG_BYTES);
      code.move("r1", TAG_BYTES);
      this.moveTo("r1", tooShort);
      this.readLinkWord();
    }
  }

  /** Makes up a frame, without addresses, that begins in front of a network header. Its type is to be set. */
  makeUp(): void {
    const code = this.#code;
    if (this.#wanted.addresses) code.store(8, "r10", SLOT.addresses, 0);
    const { base, begin } = this.getFrame();
    code.load(4, LINK_WORD, base, begin + AT.network);
    code.toNumber(LINK_WORD, 32);
  }

  /** Sets the type of a frame that is made up. @param type is lost */
  setType(type: Register): void {
    this.#code.calculate("shiftLeft", type, 32, 64);
    this.#code.calculate("or", LINK_WORD, type, 64);
  }
}
