/** What the parts of an expression's program share: where the frame is, and what is kept where. */

/** Offsets in an Ethernet frame, in bytes. */
export const AT = {
  /** Behind the addresses are 6 bytes which a program has in a register: the type, and a tag or what it is about. */
  linkWord: 12,
  afterLinkWord: 18,
  /** The network header of a frame without tags. */
  network: 14,
  /** Where copies begin: with the link word in the lower bytes of a word. */
  copy: 10,
} as const;

/** The most that is copied: all headers of IPv6 and TCP without options. */
export const COPY_BYTES = 112;

/** Registers that calls leave alone. A and X are those of the classic machine. */
export const A = "r7", X = "r8";
/** While a frame is looked for: the address where it begins, and at first that of the skb's head. */
export const ADDRESS = A;
/** Bytes of the frame that are in the linear part of the skb. */
export const LINEAR = "r9";
/** The address of the frame; a pointer that is cast, if pointers can be. */
export const FRAME = "r6";
/** The link word, its first byte highest, until the first call. The upper 2 bytes are any. */
export const LINK_WORD = "r4";

/** What is on the stack, by offset from the frame pointer. */
export const SLOT = {
  skb: -8,
  /** The link word after the first call. */
  linkWord: -16,
  /** The address of the frame's first byte; 0 without a link-layer header. */
  addresses: -24,
  /** What has been read, and where to read. */
  read: -32,
  offset: -40,
  /** The first bytes of a frame in one piece, those behind the addresses at a multiple of 8. */
  start: -68,
  headers: -128,
  /** Of a frame in fragments: its length, where its first fragment ends, and the address of its byte 0 there. */
  length: -104,
  limit: -112,
  fragment: -120,
  /** Where the outer frame begins, once it is found: the headers of the skb are not wanted any more. */
  outer: -128,
  copy: -128 - COPY_BYTES,
  /** The classic machine's 16 words of memory, from here down. */
  memory: -128 - COPY_BYTES,
} as const;
