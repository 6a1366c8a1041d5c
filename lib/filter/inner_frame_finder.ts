/**
 * Finds the Ethernet frame that a packet carries within its tunnel, once the frame around it has been found.
 * What is in a tunnel of another kind, or in a fragment other than the first, is no frame.
 */
import type { Assembler, Label, Register } from "./assembler.ts";
import { ADDRESS, AT, LINK_WORD, SLOT } from "./frame.ts";
import { FrameCursor, TYPE, type Wanted } from "./frame_cursor.ts";
import type { FrameReader } from "./frame_reader.ts";
import type { Memory, Place } from "./memory.ts";

/** Protocols of IP, as IANA numbers them. */
const PROTOCOL = { ip: 4, udp: 17, ipv6: 41, gre: 47 } as const;

/** Ports of UDP: IANA's, and what Linux took for VXLAN before there was one. */
const PORT = { vxlan: 4789, oldVxlan: 8472, geneve: 6081 } as const;

const IPV4_BYTES = 20, IPV6_BYTES = 40, UDP_BYTES = 8, GRE_BYTES = 4;
/** The header of VXLAN, and that of GENEVE without options. */
const TUNNEL_BYTES = 8;
/** The most that is looked at behind an IP header. */
const HEADERS_BYTES = UDP_BYTES + TUNNEL_BYTES;

/** Offsets in a frame, in bytes: of IPv4, and the next header of IPv6. */
const IP = { fragment: AT.network + 6, protocol: AT.network + 9, nextHeader: AT.network + 6 };
/** Offsets in UDP and what it carries. */
const UDP = { port: 2, flags: 8, optionWords: 8, type: 10 } as const;
const GRE = { flags: 0, type: 2 } as const;

/** The fragment offset of IPv4, in units of 8 bytes. */
const FRAGMENT_OFFSET = 0x1fff;
/** The version of IPv4, and its shortest and longest header. */
const FIRST_BYTE = { least: 0x45, most: 0x4f } as const;
/** VXLAN has a network identifier (RFC 7348). */
const VXLAN_VNI = 0x08;
/** The version of GENEVE, which is 0, and the length of its options in words (RFC 8926). */
const GENEVE = { version: 0xc0, optionWords: 0x3f } as const;
/** Routes and other versions of GRE, which Linux does not take, and which bits stand for a word (RFC 2890). */
const GRE_FLAGS = { refused: 0x4007, words: [15, 13, 12] } as const;

/** Returns what the frame around is to be like, for its own expression, if there is one, and to look into it. */
export function wantedOutside(
  { showsTags, addresses, copiedBytes }: Wanted = {
    showsTags: false,
    addresses: false,
    copiedBytes: 0,
  },
): Wanted {
  return {
    showsTags,
    addresses,
    copiedBytes: Math.max(copiedBytes, IP.protocol + 1 - AT.copy),
  };
}

export class InnerFrameFinder {
  /** The protocol of what follows the IP header; then the type of the frame. */
  static readonly #TYPE = "r8";

  readonly #code: Assembler;
  readonly #memory: Memory;
  readonly #require: (bytes: number) => void;
  readonly #outside: Wanted;
  readonly #wanted: Wanted;
  readonly #outer: FrameCursor;
  readonly #inner: FrameCursor;

  /**
   * @param outside what was wanted of the frame around
   * @param wanted what is wanted of the frame within
   */
  constructor(
    code: Assembler,
    memory: Memory,
    frame: FrameReader,
    outside: Wanted,
    wanted: Wanted,
  ) {
    this.#code = code;
    this.#memory = memory;
    this.#require = (bytes) => frame.require(bytes, true);
    this.#outside = outside;
    this.#wanted = wanted;
    this.#outer = new FrameCursor(code, memory, wantedOutside());
    this.#inner = new FrameCursor(code, memory, wanted);
  }

  /**
   * Finds the frame within that whose address and link word are in their slots.
   * @param noFrame where to go if there is none
   * @param tooShort where to go if the linear part has fewer bytes than r1 says
   */
  find(noFrame: Label, tooShort: Label): void {
    const code = this.#code, type = InnerFrameFinder.#TYPE, isTyped: Label = {};
    code.load(8, ADDRESS, "r10", SLOT.outer);
    code.load(8, LINK_WORD, "r10", SLOT.linkWord);
    if (this.#outside.showsTags) {
      const untagged: Label = {};
      this.#outer.takeTagsOut(untagged, tooShort, this.#require);
      code.place(untagged);
    }
    this.#leaveIp(noFrame, tooShort);
    this.#readHeaders(noFrame, isTyped);
    code.place(isTyped);
    this.#enter(type, noFrame, tooShort);
  }

  /** Goes behind the IP header, which is that of a tunnel. */
  #leaveIp(noFrame: Label, tooShort: Label): void {
    const code = this.#code, protocol = InnerFrameFinder.#TYPE, { base, begin } = this.#outer.place;
    const isIpv4: Label = {}, isRead: Label = {}, isTunnel: Label = {};
    code.move("r1", LINK_WORD, 64);
    code.calculate("shiftRight", "r1", 32, 64);
    code.calculate("and", "r1", 0xffff);
    code.jumpIf("equal", "r1", TYPE.ip, isIpv4);
    code.jumpIf("notEqual", "r1", TYPE.ipv6, noFrame);
    this.#require(AT.network + IPV6_BYTES);
    code.load(1, protocol, base, begin + IP.nextHeader);
    code.move("r1", AT.network + IPV6_BYTES);
    code.jump(isRead);
    code.place(isIpv4);
    this.#require(AT.network + IPV4_BYTES);
    code.load(2, "r1", base, begin + IP.fragment);
    code.toNumber("r1", 16);
    code.jumpIf("anyBit", "r1", FRAGMENT_OFFSET, noFrame);
    code.load(1, protocol, base, begin + IP.protocol);
    code.move("r1", LINK_WORD);
    code.calculate("shiftRight", "r1", 24);
    code.jumpIf("less", "r1", FIRST_BYTE.least, noFrame);
    code.jumpIf("greater", "r1", FIRST_BYTE.most, noFrame);
    code.calculate("and", "r1", 0xf);
    code.calculate("shiftLeft", "r1", 2);
    code.calculate("add", "r1", AT.network);
    code.place(isRead);
    for (const number of [PROTOCOL.udp, PROTOCOL.gre, PROTOCOL.ip]) {
      code.jumpIf("equal", protocol, number, isTunnel);
    }
    code.jumpIf("notEqual", protocol, PROTOCOL.ipv6, noFrame);
    code.place(isTunnel);
    this.#outer.moveTo("r1", tooShort);
  }

  /** Reads the headers behind IP: the type of the frame within, and into r1 how many bytes it comes later. */
  #readHeaders(noFrame: Label, isTyped: Label): void {
    const code = this.#code, type = InnerFrameFinder.#TYPE;
    const isGre: Label = {}, isBehindMore: Label = {};
    code.jumpIf("equal", type, PROTOCOL.udp, isBehindMore);
    code.jumpIf("equal", type, PROTOCOL.gre, isBehindMore);
    code.move("r1", 0);
    code.move("r2", type);
    code.move(type, TYPE.ip);
    code.jumpIf("equal", "r2", PROTOCOL.ip, isTyped);
    code.move(type, TYPE.ipv6);
    code.jump(isTyped);
    code.place(isBehindMore);
    const headers = this.#memory.window(SLOT.copy, HEADERS_BYTES, ADDRESS, 0);
    code.jumpIf("equal", type, PROTOCOL.gre, isGre);
    this.#readUdp(headers, noFrame, isTyped);
    code.place(isGre);
    this.#readGre(headers, noFrame);
  }

  #readUdp(headers: Place, noFrame: Label, isTyped: Label): void {
    const code = this.#code, type = InnerFrameFinder.#TYPE, isVxlan: Label = {};
    this.#require(UDP.port + 2);
    this.#load(2, "r1", headers, UDP.port);
    code.jumpIf("equal", "r1", PORT.vxlan, isVxlan);
    code.jumpIf("equal", "r1", PORT.oldVxlan, isVxlan);
    code.jumpIf("notEqual", "r1", PORT.geneve, noFrame);
    this.#require(HEADERS_BYTES);
    this.#load(1, "r1", headers, UDP.flags);
    code.jumpIf("anyBit", "r1", GENEVE.version, noFrame);
    code.calculate("and", "r1", GENEVE.optionWords);
    code.calculate("shiftLeft", "r1", 2);
    code.calculate("add", "r1", HEADERS_BYTES);
    this.#load(2, type, headers, UDP.type);
    code.jump(isTyped);
    code.place(isVxlan);
    this.#require(HEADERS_BYTES);
    this.#load(1, "r1", headers, UDP.flags);
    code.calculate("and", "r1", VXLAN_VNI);
    code.jumpIf("equal", "r1", 0, noFrame);
    code.move("r1", HEADERS_BYTES);
    code.move(type, TYPE.ethernet);
    code.jump(isTyped);
  }

  #readGre(headers: Place, noFrame: Label): void {
    const code = this.#code, flags = "r2";
    this.#require(GRE_BYTES);
    this.#load(2, flags, headers, GRE.flags);
    code.jumpIf("anyBit", flags, GRE_FLAGS.refused, noFrame);
    this.#load(2, InnerFrameFinder.#TYPE, headers, GRE.type);
    code.move("r1", GRE_BYTES);
    for (const bit of GRE_FLAGS.words) {
      code.move("r3", flags);
      code.calculate("shiftRight", "r3", bit - 2);
      code.calculate("and", "r3", 4);
      code.calculate("add", "r1", "r3");
    }
  }

  /** Gets at the frame of a type that begins r1 bytes later. */
  #enter(type: Register, noFrame: Label, tooShort: Label): void {
    const code = this.#code, inner = this.#inner;
    const isKnown: Label = {}, isEthernet: Label = {}, found: Label = {};
    code.jumpIf("equal", type, TYPE.ethernet, isKnown);
    code.jumpIf("equal", type, TYPE.ip, isKnown);
    code.jumpIf("notEqual", type, TYPE.ipv6, noFrame);
    code.place(isKnown);
    inner.moveTo("r1", tooShort);
    code.jumpIf("equal", type, TYPE.ethernet, isEthernet);
    inner.moveBack(AT.network);
    inner.makeUp();
    inner.setType(type);
    code.jump(found);
    code.place(isEthernet);
    this.#require(AT.network);
    inner.keepAddresses();
    inner.readLinkWord();
    if (!this.#wanted.showsTags) inner.takeTagsOut(found, tooShort, this.#require);
    code.place(found);
  }

  /** Loads a number of one of the headers. */
  #load(size: 1 | 2, to: Register, { base, begin }: Place, offset: number): void {
    this.#code.load(size, to, base, begin + offset);
    if (size > 1) this.#code.toNumber(to, 16);
  }
}
