/**
 * Three namespaces, `left`, `middle` and `right`, and many ways from left to right: a way for each thing that
 * may happen to a packet. Way N has the addresses 10.20.N.1 at left and 10.20.N.2 at right, so that counters,
 * and marks of what right answers, tell the ways apart.
 */
import { removeNamespaces } from "./follow_pair.ts";
import { isKernel, run, shell } from "./ipft.ts";

/** The namespaces, in the order in which packets pass through them. */
export const NAMESPACES = ["left", "middle", "right"] as const;
export type Namespace = typeof NAMESPACES[number];

/** The numbers of the ways. */
export const WAYS = {
  veth: 1,
  masquerade: 2,
  dnat: 3,
  bridge: 4,
  vxlan: 5,
  geneve: 6,
  espTransport: 7,
  espTunnel: 8,
  /** Packets that do not fit the first link. */
  fragments: 9,
  /** TCP, segmented by the kernel before it gets to the veth device. */
  segments: 10,
  /** TCP, segmented and then merged by GRO at right. */
  gro: 11,
  /** Right's device runs an XDP program that returns XDP_PASS. */
  xdp: 12,
  /** Middle redirects between two devices (tc mirred). */
  mirred: 13,
  macvlan: 14,
  /** A program captures what left sends. */
  tap: 15,
  /** Packets that do not fit the link behind middle. */
  smallLink: 16,
} as const;
export type Way = keyof typeof WAYS;

/** The mark of packets of a way that left sends. */
export const requestMark = (way: Way) => 0x5e00 + WAYS[way];
/** The mark of packets of a way that right answers with. */
export const replyMark = (way: Way) => 0x5f00 + WAYS[way];
/** What `requestMark` and `replyMark` have in common, as options. */
export const MARKED = ["-m", "0x5e00", "--mask", "0xfe00"];

export const leftAddress = (way: Way) => `10.20.${WAYS[way]}.1`;
export const rightAddress = (way: Way) => `10.20.${WAYS[way]}.2`;

/** Where to send for a way: with DNAT, middle has another address for right's. */
export const destination = (way: Way) => way === "dnat" ? DNAT_ADDRESS : rightAddress(way);
const DNAT_ADDRESS = "10.20.3.9";

/** Runs ip(8) on lines of commands in one process, which starts slowly in an emulated guest. */
function batch(namespace: Namespace, lines: readonly string[]): Promise<string> {
  return shell(`ip -n ${namespace} -batch - <<'END'\n${lines.join("\n")}\nEND`);
}

/** The ways that are a veth device from left to right. */
const DIRECT = ["veth", "espTransport", "fragments", "segments", "gro", "xdp", "tap"] as const;
/** The ways through a veth device that has other addresses, 10.23.N.1 and 10.23.N.2. */
const TUNNELS = ["vxlan", "geneve", "espTunnel"] as const;
/** The ways that middle routes. */
const ROUTED = ["masquerade", "dnat", "smallLink"] as const;

/** Of the link behind middle on the way `smallLink`, in bytes. */
const SMALL_MTU = 576;

/** The name of a way's device at left and right, if it is one of its own. */
export const deviceOf = (way: Way) => `d${WAYS[way]}`;

function directLinks(): { left: string[]; right: string[] } {
  const left: string[] = [], right: string[] = [];
  for (const way of [...DIRECT, ...TUNNELS]) {
    const name = deviceOf(way), isTunnel = TUNNELS.some((tunnel) => tunnel === way);
    const address = (end: 1 | 2) => `10.${isTunnel ? 23 : 20}.${WAYS[way]}.${end}`;
    left.push(`link add ${name} type veth peer name ${name} netns right`);
    for (const [lines, end] of [[left, 1], [right, 2]] as const) {
      lines.push(`addr add ${address(end)}/24 dev ${name}`, `link set ${name} up`);
    }
  }
  return { left, right };
}

/** One end of the tunnels; `self` is its host number. */
function tunnels(self: 1 | 2, peer: 1 | 2): string[] {
  const vxlan = `10.23.${WAYS.vxlan}`, geneve = `10.23.${WAYS.geneve}`;
  const own = (way: Way) => `10.20.${WAYS[way]}.${self}`;
  const esp = `auth hmac(sha1) 0x${"0b".repeat(20)} enc cbc(aes) 0x${"0c".repeat(16)}`;
  const association = (spi: number, from: string, to: string, mode: string) =>
    `xfrm state add src ${from} dst ${to} proto esp spi ${spi} reqid ${spi} mode ${mode} ${esp}`;
  const policy = (what: string, spi: number, from: string, to: string, mode: string) =>
    `xfrm policy add ${what} tmpl src ${from} dst ${to} proto esp reqid ${spi} mode ${mode}`;
  const modes = (["espTransport", "espTunnel"] as const).flatMap((way) => {
    const inner = `10.20.${WAYS[way]}`;
    const net = way === "espTunnel" ? `10.23.${WAYS[way]}` : inner;
    const mode = way === "espTunnel" ? "tunnel" : "transport", spi = WAYS[way] * 16;
    const [here, there] = [`${net}.${self}`, `${net}.${peer}`];
    return [
      association(spi + self, here, there, mode),
      association(spi + peer, there, here, mode),
      policy(`src ${inner}.${self} dst ${inner}.${peer} dir out`, spi + self, here, there, mode),
      // Without it, what has come through a tunnel is dropped.
      policy(`src ${inner}.${peer} dst ${inner}.${self} dir in`, spi + peer, there, here, mode),
    ];
  });
  return [
    `link add vx type vxlan id 5 dstport 4789 local ${vxlan}.${self} remote ${vxlan}.${peer}`,
    `link add gnv type geneve id 6 remote ${geneve}.${peer}`,
    "link set vx up",
    "link set gnv up",
    `addr add ${own("vxlan")}/24 dev vx`,
    `addr add ${own("geneve")}/24 dev gnv`,
    `addr add ${own("espTunnel")}/32 dev ${deviceOf("espTunnel")}`,
    `route add 10.20.${WAYS.espTunnel}.${peer} via 10.23.${WAYS.espTunnel}.${peer} src ${
      own("espTunnel")
    }`,
    ...modes,
  ];
}

/** Devices of middle that lead to left (`l…`) and right (`r…`), and what it does with them. */
function throughMiddle(): Record<Namespace, string[]> {
  const pair = (namespace: "left" | "right", name: string, inMiddle: string) => [
    `link add ${inMiddle} type veth peer name ${name} netns ${namespace}`,
    `link set ${inMiddle} up`,
  ];
  const ends = (["bridge", "mirred"] as const).map((way) => ({ way, name: deviceOf(way) }));
  const routes = (namespace: "left" | "right", peer: (way: Way) => string) =>
    ROUTED.map((way) => {
      const [link, next, own] = namespace === "left"
        ? ["lm", "10.21.0.2", leftAddress(way)]
        : ["mr", "10.22.0.1", rightAddress(way)];
      const mtu = way === "smallLink" && namespace === "right" ? ` mtu ${SMALL_MTU}` : "";
      return [
        `addr add ${own}/32 dev ${link}`,
        `route add ${peer(way)} via ${next} src ${own}${mtu}`,
      ];
    });
  return {
    left: [
      "addr add 10.21.0.1/24 dev lm",
      "link set lm up",
      ...ends.flatMap(({ way, name }) => [
        `addr add ${leftAddress(way)}/24 dev ${name}`,
        `link set ${name} up`,
      ]),
      ...routes("left", destination).flat(),
      `addr add ${leftAddress("macvlan")}/24 dev mv1`,
      "link set mv1 up",
    ],
    middle: [
      ...pair("left", "lm", "lm"),
      ...pair("right", "mr", "mr"),
      "addr add 10.21.0.2/24 dev lm",
      "addr add 10.22.0.1/24 dev mr",
      ...ROUTED.flatMap((way) => [
        `route add ${leftAddress(way)} via 10.21.0.1`,
        `route add ${rightAddress(way)} via 10.22.0.2` +
        (way === "smallLink" ? ` mtu ${SMALL_MTU}` : ""),
      ]),
      ...ends.flatMap(({ name }) => [
        ...pair("left", name, `l${name}`),
        ...pair("right", name, `r${name}`),
      ]),
      "link add br0 type bridge",
      "link set br0 up",
      `link set l${deviceOf("bridge")} master br0`,
      `link set r${deviceOf("bridge")} master br0`,
      "link add below type dummy",
      "link set below up",
      "link add mv1 link below type macvlan mode bridge",
      "link add mv2 link below type macvlan mode bridge",
      "link set mv1 netns left",
      "link set mv2 netns right",
    ],
    right: [
      "addr add 10.22.0.2/24 dev mr",
      "link set mr up",
      ...ends.flatMap(({ way, name }) => [
        `addr add ${rightAddress(way)}/24 dev ${name}`,
        `link set ${name} up`,
      ]),
      // What is masqueraded comes from middle, and left's own address is unknown.
      ...routes("right", leftAddress).filter((_, i) => ROUTED[i] !== "masquerade").flat(),
      `addr add ${rightAddress("masquerade")}/32 dev mr`,
      `addr add ${rightAddress("macvlan")}/24 dev mv2`,
      "link set mv2 up",
    ],
  };
}

const PASS = "xdpdrv obj tests/support/xdp_pass.bpf.o sec xdp";

/** Before Linux 5.13, veth devices do GRO only with an XDP program. */
const hasVethGro = isKernel(5, 13);

/** What offload does, and programs that devices run. */
const DEVICES = `
  modprobe br_netfilter
  ip netns exec middle sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1
  ip netns exec left ethtool -K ${deviceOf("segments")} tso off
  ip netns exec left ethtool -K ${deviceOf("gro")} tso off
  ip netns exec right ethtool -K ${deviceOf("gro")} gro on
  ip -n right link set ${deviceOf("xdp")} ${PASS}
  ${hasVethGro ? "" : `ip -n right link set ${deviceOf("gro")} ${PASS}`}
  tc -n middle -batch - <<'END'
${
  ["l", "r"].flatMap((end) => {
    const [from, to] = [end, end === "l" ? "r" : "l"].map((side) => side + deviceOf("mirred"));
    return [
      `qdisc add dev ${from} clsact`,
      `filter add dev ${from} ingress matchall action mirred egress redirect dev ${to}`,
    ];
  }).join("\n")
}
END`;

/** Counts what arrives, by its destination and protocol, and marks what right answers. */
function rules(): string {
  const counted = (hook: string) =>
    `chain ${hook} { type filter hook ${hook} priority 0; add @seen { ip daddr . ip protocol counter }; }`;
  const set = "set seen { type ipv4_addr . inet_proto; flags dynamic; size 999; }";
  const ways = Object.keys(WAYS) as Way[];
  const marks = (key: string, mark: (way: Way) => number, address: (way: Way) => string) =>
    `chain output { type filter hook output priority 0; ${key} map { ${
      ways.map((way) => `${address(way)} : ${mark(way)}`).join(", ")
    } }; }`;
  const left = marks("meta l4proto tcp meta mark set ip daddr", requestMark, rightAddress);
  const right = marks("meta mark set ip saddr", replyMark, rightAddress);
  return `
    ip netns exec left nft 'table ip ipft { ${set}
      ${counted("input")}
      ${left}
    }'
    ip netns exec right nft 'table ip ipft { ${set}
      ${counted("input")}
      ${right}
    }'
    ip netns exec middle nft 'table ip ipft { ${set}
      ${counted("forward")}
      chain prerouting { type nat hook prerouting priority -100;
        ip daddr ${DNAT_ADDRESS} dnat to ${rightAddress("dnat")}; }
      chain postrouting { type nat hook postrouting priority 100;
        ip saddr ${leftAddress("masquerade")} masquerade; }
    }'`;
}

/** Makes all ways. Disposing of the result takes them away. */
export async function makeNetwork(): Promise<AsyncDisposable> {
  const network = {
    [Symbol.asyncDispose]: async () => {
      for (const end of ["l", "r"]) {
        await run(
          "tc",
          "-n",
          "middle",
          "qdisc",
          "del",
          "dev",
          `${end}${deviceOf("mirred")}`,
          "clsact",
        );
      }
      await removeNamespaces(NAMESPACES);
    },
  };
  try {
    // Without IPv6 the devices send what the tests send, and nothing else.
    await shell(
      NAMESPACES.map((name) =>
        `ip netns add ${name}
        ip netns exec ${name} sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
        ip -n ${name} link set lo up`
      ).join("\n"),
    );
    const direct = directLinks(), routed = throughMiddle();
    await batch("left", direct.left);
    await batch("middle", routed.middle);
    await Promise.all([
      batch("left", [...tunnels(1, 2), ...routed.left]),
      batch("right", [...direct.right, ...tunnels(2, 1), ...routed.right]),
    ]);
    await shell(`${DEVICES}\n${rules()}`);
  } catch (error) {
    await network[Symbol.asyncDispose]();
    throw error;
  }
  return network;
}

/** How many packets a namespace's rules have counted, by `ADDRESS PROTOCOL`. */
export async function counted(namespace: Namespace): Promise<ReadonlyMap<string, number>> {
  const text = await shell(`ip netns exec ${namespace} nft -n list set ip ipft seen`);
  const elements = text.matchAll(/([\d.]+) \. (\w+) counter packets (\d+)/g);
  return new Map(
    [...elements].map(([, address, protocol, count]) => [`${address} ${protocol}`, Number(count)]),
  );
}
