/** Generates packets in tunnels. */
import fc from "fast-check";
import { frames } from "./expressions.ts";

const IP = 0x0800, IPV6 = 0x86dd, ETHERNET = 0x6558, TAGS: readonly number[] = [0x8100, 0x88a8];

const u16 = (value: number) => [value >> 8, value & 0xff];
/** Bytes that do not matter. */
const filler = (bytes: number) => Array.from({ length: bytes }, (_, i) => 7 * i & 0xff);

/** What a tunnel puts in front of a packet: the protocol of IP that carries it, and its headers. */
interface Header {
  readonly protocol: number;
  readonly bytes: readonly number[];
}

const udp = (port: number, bytes: readonly number[]): Header => ({
  protocol: 17,
  bytes: [...u16(40_000), ...u16(port), 0, 0, 0, 0, ...bytes],
});

const geneve = fc.tuple(fc.constantFrom(0, 0, 1, 4, 63), fc.constantFrom(0, 0, 0x40, 0x80))
  .map(([words, bits]) => (type: number) =>
    udp(6081, [words, bits, ...u16(type), 1, 2, 3, 0, ...filler(4 * words)])
  );

const gre = fc.subarray([0x8000, 0x2000, 0x1000]).map((flags) => (type: number): Header => ({
  protocol: 47,
  bytes: [
    ...u16(flags.reduce((sum, flag) => sum + flag, 0)),
    ...u16(type),
    ...filler(4 * flags.length),
  ],
}));

const vxlan = fc.constantFrom(4789, 8472)
  .map((port) => () => udp(port, [0x08, 0, 0, 0, 0, 0, 9, 0]));

const ipInIp = fc.constant((type: number): Header => ({
  protocol: type === IPV6 ? 41 : 4,
  bytes: [],
}));

/** Headers of tunnels that Linux does not take for such. */
const noTunnel = fc.constantFrom<(type: number) => Header>(
  () => udp(4789, [0xf7, ...filler(7)]),
  () => udp(4790, [0x08, 0, 0, 0, 0, 0, 9, 0]),
  (type) => udp(6081, [0x40, 0, ...u16(type), 0, 0, 0, 0]),
  () => udp(6081, [0, 0, ...u16(0x8847), 0, 0, 0, 0]),
  (type) => ({ protocol: 47, bytes: [0x40, 0, ...u16(type)] }),
  (type) => ({ protocol: 47, bytes: [0x20, 1, ...u16(type), 0, 0, 0, 0] }),
  () => ({ protocol: 47, bytes: [0, 0, ...u16(0x0806)] }),
  () => ({ protocol: 6, bytes: [] }),
  () => ({ protocol: 44, bytes: [] }),
);

/** The IP header around. */
interface Around {
  readonly isIpv6: boolean;
  /** Its length, and flags and fragment offset, if it is that of IPv4. */
  readonly words: number;
  readonly fragment: number;
  /** The last byte of the source address; that of the destination is 3 less it. */
  readonly host: number;
}

const around: fc.Arbitrary<Around> = fc.record({
  isIpv6: fc.boolean(),
  words: fc.constantFrom(5, 5, 5, 6, 15),
  host: fc.constantFrom(1, 2),
  fragment: fc.constantFrom(0, 0, 0, 0, 0x4000, 0x2000, 0x2003, 0x1000),
});

function isLaterFragment({ isIpv6, fragment }: Around): boolean {
  return !isIpv6 && (fragment & 0x1fff) !== 0;
}

/** An Ethernet frame around a header and a packet. */
function frameAround(
  { isIpv6, words, host, fragment }: Around,
  { protocol, bytes }: Header,
  packet: readonly number[],
): { bytes: Uint8Array; headerBytes: number } {
  const address6 = (host: number) => [0x20, 1, 0x0d, 0xb8, ...new Array(11).fill(0), host];
  const length = bytes.length + packet.length;
  const ip = isIpv6
    ? [0x60, 0, 0, 0, ...u16(length), protocol, 64, ...address6(host), ...address6(3 - host)]
    : [
      ...[0x40 | words, 0, ...u16(4 * words + length), 0, 1, ...u16(fragment), 64, protocol, 0, 0],
      ...[10, 0, 0, host, 10, 0, 0, 3 - host, ...filler(4 * words - 20)],
    ];
  const headers = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, ...u16(isIpv6 ? IPV6 : IP), ...ip, ...bytes];
  return { bytes: Uint8Array.from([...headers, ...packet]), headerBytes: headers.length };
}

export interface Tunneled {
  /** A frame without tags. */
  readonly frame: Uint8Array;
  /** The frame in it, with its tags; undefined if nobody takes it for a tunnel. */
  readonly inner?: Uint8Array;
  /** How many bytes are in front of that, or of the network header of what has no link-layer header. */
  readonly headerBytes: number;
  /** Whether the inner frame has addresses. */
  readonly hasAddresses: boolean;
}

const tags = fc.array(fc.constantFrom(...TAGS), { maxLength: 2 })
  .map((types) => types.flatMap((type) => [...u16(type), 0, 5]));

/** Ethernet frames in a tunnel. */
const tunneledFrames = fc.tuple(around, fc.oneof(vxlan, geneve, gre), frames, tags).map(
  ([outer, tunnel, { addresses, rest }, tags]): Tunneled => {
    const inner = [...addresses, ...tags, ...rest];
    const { bytes, headerBytes } = frameAround(outer, tunnel(ETHERNET), inner);
    return {
      frame: bytes,
      inner: isLaterFragment(outer) ? undefined : Uint8Array.from(inner),
      headerBytes,
      hasAddresses: true,
    };
  },
);

/** Whether what follows a frame's addresses begins with a type of IP. */
const isIp = ([high, low]: readonly number[]) => [IP, IPV6].includes(high << 8 | low);

/** Packets of IP in a tunnel. */
const tunneledPackets = fc.tuple(
  around,
  fc.oneof(geneve, gre, ipInIp),
  frames.filter(({ rest }) => isIp(rest)),
).map(([outer, tunnel, { rest }]): Tunneled => {
  const [high, low, ...packet] = rest, type = high << 8 | low;
  const { bytes, headerBytes } = frameAround(outer, tunnel(type), packet);
  return {
    frame: bytes,
    inner: isLaterFragment(outer)
      ? undefined
      : Uint8Array.from([...new Array(12).fill(0), ...rest]),
    headerBytes,
    hasAddresses: false,
  };
});

/** What is no tunnel, though it may look like one. */
const others = fc.oneof(
  fc.tuple(around, noTunnel, frames).map(([outer, tunnel, { addresses, rest }]) =>
    frameAround(outer, tunnel(ETHERNET), [...addresses, ...rest]).bytes
  ),
  frames.filter(({ rest }) => !isIp(rest))
    .map(({ addresses, rest }) => Uint8Array.from([...addresses, ...rest])),
).map((frame): Tunneled => ({ frame, headerBytes: frame.length, hasAddresses: true }));

/** Packets in tunnels, and some that are not. */
export const tunneled: fc.Arbitrary<Tunneled> = fc.oneof(
  { arbitrary: tunneledFrames, weight: 5 },
  { arbitrary: tunneledPackets, weight: 4 },
  { arbitrary: others, weight: 2 },
);

/** Returns a frame with tags in it. */
export function withTags(frame: Uint8Array, tags: readonly number[]): Uint8Array {
  return Uint8Array.from([...frame.subarray(0, 12), ...tags, ...frame.subarray(12)]);
}

/** Returns a frame without its first two tags. */
export function withoutTags(frame: Uint8Array, atMost = 2): Uint8Array {
  const isTagged = atMost > 0 && frame.length >= 14 && TAGS.includes(frame[12] << 8 | frame[13]);
  if (!isTagged) return frame;
  return withoutTags(
    Uint8Array.from([...frame.subarray(0, 12), ...frame.subarray(16)]),
    atMost - 1,
  );
}
