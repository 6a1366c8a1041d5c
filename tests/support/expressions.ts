/** Generates pcap expressions, and frames that some of them match. */
import fc from "fast-check";

const HOSTS = ["10.0.0.1", "10.0.0.2", "192.0.2.7"];
const HOSTS6 = ["2001:db8::1", "2001:db8::2", "fe80::1"];
const MACS = ["02:00:00:00:00:01", "02:00:00:00:00:02", "ff:ff:ff:ff:ff:ff"];
const PORTS = [53, 80, 443, 4789];
const LAYERS = ["ether", "ip", "ip6", "tcp", "udp", "icmp", "arp"];

const direction = fc.constantFrom("", "src ", "dst ", "src or dst ", "src and dst ");
const host = fc.constantFrom(...HOSTS), host6 = fc.constantFrom(...HOSTS6);
const port = fc.constantFrom(...PORTS);
const protocol = fc.constantFrom(
  ...["ip", "ip6", "arp", "rarp", "tcp", "udp", "icmp", "icmp6", "sctp", "igmp", "esp", "stp"],
  ...["ip multicast", "ip broadcast", "ip6 multicast", "ether multicast", "ether broadcast"],
  ...["ip proto 47", "ip6 protochain 6", "ip protochain 17", "ether proto 0x88cc", "llc", "ipx"],
);

const relation = fc.constantFrom("=", "!=", "<", "<=", ">", ">=");

/** A byte, word or length, or what is calculated of them. */
const arithmetic: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.nat(300).map(String),
    fc.constant("len"),
    fc.tuple(fc.constantFrom(...LAYERS), fc.nat(70), fc.constantFrom(1, 2, 4))
      .map(([layer, at, size]) => `${layer}[${at}:${size}]`),
    fc.tuple(fc.constantFrom(...LAYERS), tie("value"), fc.constantFrom(1, 2, 4))
      .map(([layer, at, size]) => `${layer}[${at} & 0x3f:${size}]`),
    fc.tuple(
      tie("value"),
      fc.constantFrom("+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>"),
      tie("value"),
    )
      .map(([left, operator, right]) => `(${left} ${operator} ${right})`),
  ),
})).value;

const primitive: fc.Arbitrary<string> = fc.oneof(
  protocol,
  fc.tuple(direction, fc.oneof(host, host6)).map(([dir, host]) => `${dir}host ${host}`),
  fc.tuple(direction, host, fc.constantFrom(8, 16, 24, 31))
    .map(([dir, host, bits]) => `${dir}net ${network(host, bits)}/${bits}`),
  fc.tuple(direction).map(([dir]) => `${dir}net 2001:db8::/32`),
  fc.tuple(fc.constantFrom("", "tcp ", "udp "), direction, port)
    .map(([proto, dir, port]) => `${proto}${dir}port ${port}`),
  fc.tuple(fc.constantFrom("", "tcp ", "udp "), direction)
    .map(([proto, dir]) => `${proto}${dir}portrange 50-500`),
  fc.tuple(fc.constantFrom("src ", "dst ", ""), fc.constantFrom(...MACS))
    .map(([dir, mac]) => `ether ${dir}host ${mac}`),
  fc.constantFrom(
    "less 60",
    "greater 70",
    "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
    "icmp[icmptype] = icmp-echo",
  ),
  fc.tuple(arithmetic, relation, arithmetic).map((parts) => parts.join(" ")),
);

/** An expression without VLAN tags, MPLS or PPPoE. */
const expression: fc.Arbitrary<string> = fc.letrec<{ whole: string }>((tie) => ({
  whole: fc.oneof(
    { maxDepth: 4 },
    primitive,
    tie("whole").map((inner) => `not (${inner})`),
    fc.tuple(tie("whole"), fc.constantFrom("and", "or"), tie("whole"))
      .map(([left, operator, right]) => `(${left}) ${operator} (${right})`),
  ),
})).whole;

/** What changes where headers are; what comes after it is behind them. */
const shifted: fc.Arbitrary<string> = fc.tuple(
  fc.constantFrom(
    "vlan",
    "vlan 5",
    "vlan and vlan 7",
    "mpls",
    "mpls 100",
    "pppoes",
    "pppoes 3",
    "pppoed",
  ),
  expression,
).map(([tag, inner]) => `${tag} and (${inner})`);

/** Expressions. libpcap refuses some of them. */
export const texts: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: expression, weight: 2 },
  { arbitrary: shifted, weight: 1 },
);

function network(host: string, bits: number): string {
  const bytes = host.split(".").map(Number);
  return bytes.map((byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, bits - 8 * i)))).join(
    ".",
  );
}

const ipBytes = (host: string) => host.split(".").map(Number);
const macBytes = (mac: string) => mac.split(":").map((byte) => parseInt(byte, 16));
const u16 = (value: number) => [value >> 8, value & 0xff];

const transport = fc.oneof(
  fc.tuple(fc.constantFrom(6, 17), port, port, fc.uint8Array({ maxLength: 40 }))
    .map(([proto, from, to, rest]) => ({ proto, bytes: [...u16(from), ...u16(to), ...rest] })),
  fc.tuple(fc.constantFrom(1, 58, 47, 132, 50), fc.uint8Array({ maxLength: 40 }))
    .map(([proto, rest]) => ({ proto, bytes: [...rest] })),
);

const ipv4 = fc.tuple(
  host,
  host,
  transport,
  fc.constantFrom(5, 5, 5, 6, 15, 0, 1),
  fc.constantFrom(0, 0, 0, 0x2000, 0x4000, 0x0003),
).map(([from, to, { proto, bytes }, words, fragment]) => [
  0x40 | words,
  0,
  ...u16(20 + bytes.length),
  0,
  1,
  ...u16(fragment),
  64,
  proto,
  0,
  0,
  ...ipBytes(from),
  ...ipBytes(to),
  ...new Array(Math.max(0, words - 5) * 4).fill(1),
  ...bytes,
]);

const address6 = fc.constantFrom(
  [0x20, 0x01, 0x0d, 0xb8, ...new Array(11).fill(0), 1],
  [0x20, 0x01, 0x0d, 0xb8, ...new Array(11).fill(0), 2],
  [0xfe, 0x80, ...new Array(13).fill(0), 1],
);

const ipv6 = fc.tuple(address6, address6, transport, fc.boolean()).map(
  ([from, to, { proto, bytes }, isFragment]) => [
    0x60,
    0,
    0,
    0,
    ...u16(bytes.length + (isFragment ? 8 : 0)),
    isFragment ? 44 : proto,
    64,
    ...from,
    ...to,
    ...(isFragment ? [proto, 0, 0, 1, 0, 0, 0, 9] : []),
    ...bytes,
  ],
);

const arp = fc.tuple(host, host).map(([from, to]) => [
  0,
  1,
  8,
  0,
  6,
  4,
  0,
  1,
  ...macBytes(MACS[0]),
  ...ipBytes(from),
  ...macBytes(MACS[1]),
  ...ipBytes(to),
]);

/** What follows a frame's addresses: tags and labels, the type, and the packet. */
const typed = fc.oneof(
  ipv4.map((bytes) => [...u16(0x0800), ...bytes]),
  ipv6.map((bytes) => [...u16(0x86dd), ...bytes]),
  arp.map((bytes) => [...u16(0x0806), ...bytes]),
  fc.uint8Array({ minLength: 2, maxLength: 60 }).map((bytes) => [...bytes]),
);

/** The same, behind labels or a session. */
const encapsulated = fc.oneof(
  fc.tuple(fc.constantFrom(100, 3), ipv4).map(([label, ip]) => [
    ...u16(0x8847),
    0,
    label >> 4,
    (label & 15) << 4 | 1,
    64,
    ...ip,
  ]),
  fc.tuple(fc.constantFrom(3, 4), ipv4).map(([session, ip]) => [
    ...u16(0x8864),
    0x11,
    0,
    ...u16(session),
    ...u16(ip.length + 2),
    0,
    0x21,
    ...ip,
  ]),
  typed,
);

const addresses = fc.tuple(fc.constantFrom(...MACS), fc.constantFrom(...MACS))
  .map((macs) => macs.flatMap(macBytes));

export interface Frame {
  /** Of the link layer: 12 bytes. */
  readonly addresses: readonly number[];
  /** The type and all that follows it. */
  readonly rest: readonly number[];
}

/** Ethernet frames. */
export const frames: fc.Arbitrary<Frame> = fc.tuple(addresses, encapsulated)
  .map(([addresses, rest]) => ({ addresses, rest }));
