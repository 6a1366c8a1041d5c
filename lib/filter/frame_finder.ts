/**
 * Finds the Ethernet frame that an expression is about, whatever the skb has of it at this moment: with or
 * without its link-layer header, a VLAN tag in it or beside it.
 */
import type { SkbLayout } from "../kernel/skb_layout.ts";
import type { Assembler, Label, Register } from "./assembler.ts";
import { ADDRESS, AT, FRAME, LINEAR, LINK_WORD, SLOT } from "./frame.ts";
import { FrameCursor, TAG_BYTES, TYPE, type Wanted } from "./frame_cursor.ts";
import type { Memory, Place } from "./memory.ts";

/** `mac_header` of an skb that has none. */
const UNSET = 0xffff;

export class FrameFinder {
  /** `network_header` and, above it, `mac_header`; then the tag beside the frame, or the protocol. */
  static readonly #HEADERS = "r8";

  readonly #code: Assembler;
  readonly #memory: Memory;
  readonly #layout: SkbLayout;
  readonly #wanted: Wanted;
  readonly #cursor: FrameCursor;

  constructor(code: Assembler, memory: Memory, layout: SkbLayout, wanted: Wanted) {
    this.#code = code;
    this.#memory = memory;
    this.#layout = layout;
    this.#wanted = wanted;
    this.#cursor = new FrameCursor(code, memory, wanted);
  }

  /**
   * Finds the frame of the skb in r1.
   * @param noFrame where to go if the skb has no headers yet
   */
  find(noFrame: Label): void {
    const code = this.#code, link: Label = {}, noLink: Label = {}, found: Label = {};
    const mac = "r1", network = "r2";
    code.store(8, "r10", SLOT.skb, "r1");
    const protocol = this.#readPlaces(mac, network);
    code.jumpIf("equal", mac, UNSET, noLink);
    // A header right in front of the network header is the link layer's. Behind it is that of a packet
    // within a tunnel. A smaller gap is that of another link, whose header no expression is about.
    code.move("r3", mac);
    code.calculate("add", "r3", AT.network);
    code.jumpIf("equal", "r3", network, link);
    code.jumpIf("equal", network, 0, link);
    code.jumpIf("greater", "r3", network, noLink);
    this.#readType(FRAME, mac);
    code.load(8, "r1", "r10", SLOT.skb);
    this.#readPlaces(mac, network);
    // A larger one has tags or labels in it, unless it is the header of a tunnel that the packet has left.
    code.jumpIf("equal", FRAME, TYPE.ip, noLink);
    code.jumpIf("equal", FRAME, TYPE.ipv6, noLink);
    code.place(link);
    this.#findLink(mac, noFrame, found);
    code.place(noLink);
    this.#findNetwork(network, protocol, noFrame);
    code.place(found);
  }

  /** Reads the type of the frame whose link-layer header is at `mac`, which is lost. */
  #readType(type: Register, mac: Register): void {
    this.#code.calculate("add", mac, ADDRESS, 64);
    this.#memory.read(2, type, mac, AT.linkWord);
    this.#code.toNumber(type, 16);
  }

  /**
   * Reads where the head of the skb in r1 is, where the linear part ends, and where the headers are.
   * @returns where the protocol can be loaded until the next call
   */
  #readPlaces(mac: Register, network: Register): Place {
    const code = this.#code, { headers, tail, head } = this.#layout;
    // On the stack aligned as in the skb.
    const slot = SLOT.headers + headers % 8;
    const { base, begin } = this.#memory.window(slot, head + 8 - headers, "r1", headers);
    if (this.#memory.canCast && tail === headers + 8) {
      // Each number behind a pointer that is cast takes the machine several instructions.
      code.load(8, FrameFinder.#HEADERS, base, begin + 4);
      code.move(LINEAR, FrameFinder.#HEADERS, 64);
      code.calculate("shiftRight", LINEAR, 32, 64);
    } else {
      code.load(4, FrameFinder.#HEADERS, base, begin + 4);
      code.load(4, LINEAR, base, begin + tail - headers);
    }
    code.load(8, ADDRESS, base, begin + head - headers);
    code.move(mac, FrameFinder.#HEADERS);
    code.calculate("shiftRight", mac, 16);
    code.move(network, FrameFinder.#HEADERS);
    code.calculate("and", network, 0xffff);
    return { base, begin };
  }

  /** Finds a frame with its link-layer header. */
  #findLink(mac: Register, noFrame: Label, found: Label): void {
    const cursor = this.#cursor;
    cursor.moveTo(mac, noFrame);
    cursor.keepAddresses();
    if (this.#wanted.showsTags) {
      this.#insertTag();
    } else {
      cursor.readLinkWord();
      cursor.takeTagsOut(found, noFrame);
    }
    this.#code.jump(found);
  }

  /** Puts the tag beside the frame, if there is one, where it would be in it. */
  #insertTag(): void {
    const code = this.#code, tag = FrameFinder.#HEADERS, isRead: Label = {};
    this.#readTag(tag);
    this.#cursor.readLinkWord();
    code.jumpIf("equal", tag, 0, isRead);
    code.store(8, "r10", SLOT.read, LINK_WORD);
    this.#cursor.moveBack(TAG_BYTES);
    this.#cursor.getFrame();
    // The type is behind the tag now.
    code.load(8, LINK_WORD, "r10", SLOT.read);
    code.calculate("shiftRight", LINK_WORD, 32, 64);
    code.calculate("and", LINK_WORD, 0xffff);
    code.calculate("shiftLeft", tag, 16, 64);
    code.calculate("or", LINK_WORD, tag, 64);
    code.place(isRead);
  }

  /** Reads the tag beside the frame: its protocol and TCI, or 0. */
  #readTag(tag: Register): void {
    const code = this.#code, memory = this.#memory, { tag: at, hasTag } = this.#layout;
    const isRead: Label = {};
    code.move(tag, 0);
    code.load(8, "r1", "r10", SLOT.skb);
    if (hasTag !== undefined) {
      memory.read(1, "r0", "r1", hasTag.offset);
      code.calculate("and", "r0", 1 << hasTag.bit);
      code.jumpIf("equal", "r0", 0, isRead);
      code.load(8, "r1", "r10", SLOT.skb);
    }
    // The protocol is in the order of the network, the TCI behind it is not.
    memory.read(4, tag, "r1", at);
    code.move("r1", tag);
    code.toNumber("r1", 16);
    code.calculate("shiftLeft", "r1", 16);
    code.calculate("shiftRight", tag, 16);
    code.calculate("or", tag, "r1");
    code.place(isRead);
  }

  /** Finds a frame without link-layer header: that is made up, without addresses. */
  #findNetwork(network: Register, { base: skb, begin: at }: Place, noFrame: Label): void {
    const code = this.#code, protocol = FrameFinder.#HEADERS, type = "r1";
    const ofVersion: Label = {}, isTyped: Label = {};
    code.jumpIf("equal", network, 0, noFrame);
    code.load(2, protocol, skb, at);
    code.toNumber(protocol, 16);
    this.#cursor.moveTo(network, noFrame, AT.network);
    this.#cursor.makeUp();
    // A packet on its way out has a protocol late. IP says its version.
    code.move(type, protocol);
    code.jumpIf("equal", type, 0, ofVersion);
    code.jumpIf("equal", type, TYPE.ip, ofVersion);
    code.jumpIf("notEqual", type, TYPE.ipv6, isTyped);
    code.place(ofVersion);
    code.move("r2", LINK_WORD);
    code.calculate("shiftRight", "r2", 28);
    code.move(type, TYPE.ip);
    code.jumpIf("equal", "r2", 4, isTyped);
    code.move(type, TYPE.ipv6);
    code.jumpIf("equal", "r2", 6, isTyped);
    code.move(type, 0);
    code.place(isTyped);
    this.#cursor.setType(type);
  }
}
