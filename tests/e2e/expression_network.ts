/**
 * Three namespaces, and flows between them that look alike. `blue` and `red` are connected by a bridge in
 * `white` and by a pair of veth devices of their own.
 *
 * Marks say which flow a packet of the loopback device belongs to, and lengths say it of the others:
 * packets lose their mark when they change the namespace.
 */
import assert from "node:assert/strict";
import { sendSignal, shell } from "./ipft.ts";
import { makeNamespaces } from "./namespaces.ts";

/** Marks of packets of blue's loopback device: ping sets them for its requests, nftables the others. */
export const MARK = {
  ping: 0x101,
  ping6: 0x103,
  udp: 0x105,
  udp6: 0x106,
  tcp: 0x107,
  tcp6: 0x108,
  /** Of requests of two fragments. */
  fragments: 0x10b,
  /** Of the flow beside each of these. */
  other: 0x1ff,
} as const;

/** Lengths of IP packets from blue to red and back, in bytes. */
export const LENGTH = { bridged: 300, vlan: 500, vlanInHeader: 700, inner: 900 } as const;
const OTHER_BRIDGED = 400, OTHER_VLAN = 600, OTHER_UDP = 1200;

const inBlue = "ip netns exec blue";
const IP_AND_ICMP_BYTES = 28, IP_AND_UDP_BYTES = 28;

/** Devices of blue and red which talk to each other, their network, and how they are made. */
const LINKS = [
  ["v7", "10.7.0", "link vup type vlan id 7"],
  ["v8", "10.8.0", "link vup type vlan id 8"],
  ["v9", "10.10.0", "link wup type vlan id 9"],
  ["vx", "10.11.0", "type vxlan id 5 dstport 4789 remote 10.9.0.$peer local 10.9.0.$own"],
] as const;

export async function makeNetwork(): Promise<void> {
  await makeNamespaces("blue", "red", "white");
  await shell(`
    ${inBlue} sysctl -qw net.ipv6.conf.lo.disable_ipv6=0
    ip -n blue link set lo mtu 1500 up
    ip -n blue addr add fd00::1/128 dev lo
    ip -n white link add br0 type bridge mcast_snooping 0
    ip -n white link set br0 up
    own=1
    for ns in blue red; do
      peer=$((3 - own))
      ip -n $ns link add vup address 02:00:00:00:00:0$own type veth peer name v$ns netns white
      ip -n white link set v$ns master br0 up
      if [ $ns = blue ]; then
        ip -n blue link add wup address 02:00:00:00:00:01 type veth peer name wup address 02:00:00:00:00:02 netns red
      fi
      ip netns exec $ns ethtool -K wup txvlan off rxvlan off >/dev/null
      ip -n $ns addr add 10.9.0.$own/24 dev vup
      ip -n $ns link set vup up
      ip -n $ns link set wup up
      ${
    LINKS.map(([name, network, how]) => `
      ip -n $ns link add ${name} address 02:00:00:00:00:0$own ${how}
      ip -n $ns addr add ${network}.$own/24 dev ${name}
      ip -n $ns link set ${name} up
      ip -n $ns neigh add ${network}.$peer lladdr 02:00:00:00:00:0$peer dev ${name}`).join("")
  }
      ip -n $ns neigh add 10.9.0.$peer lladdr 02:00:00:00:00:0$peer dev vup
      own=2
    done
    ip -n red addr add 10.9.0.3/24 dev vup
    ip -n blue neigh add 10.9.0.3 lladdr 02:00:00:00:00:02 dev vup
    ${inBlue} nft 'table inet marks { chain output { type filter hook output priority 0;
      ${
    (["udp", "tcp"] as const).map((protocol) => `
      meta nfproto ipv4 ${protocol} dport 7001 meta mark set ${MARK[protocol]}
      meta nfproto ipv4 ${protocol} sport 7001 meta mark set ${MARK[protocol]}
      meta nfproto ipv6 ${protocol} dport 7001 meta mark set ${MARK[`${protocol}6`]}
      meta nfproto ipv6 ${protocol} sport 7001 meta mark set ${MARK[`${protocol}6`]}
      ${protocol} dport 7002 meta mark set ${MARK.other}
      ${protocol} sport 7002 meta mark set ${MARK.other}`).join("")
  }
    }
    }'`);
}

export async function removeNetwork(): Promise<void> {
  await shell("for ns in blue red white; do ip netns del $ns; done");
}

/** Listens on ports 7001 and 7002 of a namespace; the kernel itself accepts what comes. */
export async function listen(namespace: string): Promise<AsyncDisposable> {
  const child = new Deno.Command("ip", {
    args: ["netns", "exec", namespace, "perl", "-MSocket", "-e", LISTENER],
    stdout: "piped",
  }).spawn();
  const output = child.stdout.getReader();
  assert.equal((await output.read()).done, false, "no listener");
  await output.cancel();
  return {
    async [Symbol.asyncDispose]() {
      sendSignal(child, "SIGTERM");
      await child.status;
    },
  };
}

const LISTENER = `$| = 1;
  for my $port (7001, 7002) {
    for my $type (SOCK_STREAM, SOCK_DGRAM) {
      for my $family (AF_INET, AF_INET6) {
        socket(my $socket, $family, $type, 0) or die $!;
        setsockopt($socket, 41, 26, 1) if $family == AF_INET6; # IPV6_V6ONLY
        bind($socket, $family == AF_INET
          ? pack_sockaddr_in($port, INADDR_ANY)
          : pack_sockaddr_in6($port, "\\0" x 16)) or die $!;
        $type == SOCK_DGRAM or listen($socket, 5) or die $!;
        push @sockets, $socket;
      }
    }
  }
  print "ready";
  sleep 600;`;

/** All flows at once. */
export async function sendAll(): Promise<void> {
  const ping = (address: string, ...options: string[]) =>
    `${inBlue} ping -q -c 2 -i 0.01 ${options.join(" ")} ${address}`;
  const ofLength = (address: string, bytes: number) =>
    ping(address, `-s ${bytes - IP_AND_ICMP_BYTES}`);
  const send = (protocol: string, address: string, port: number, bytes: number) =>
    `${inBlue} bash -c 'printf %0${bytes}d 0 >/dev/${protocol}/${address}/${port}'`;
  const flows = [
    ping("127.0.0.2", `-m ${MARK.ping}`),
    ping("127.0.0.3", `-m ${MARK.other}`),
    ping("::1", `-m ${MARK.ping6}`),
    ping("fd00::1", `-m ${MARK.other}`),
    ping("127.0.0.6", `-m ${MARK.fragments} -s 1600`),
    ping("127.0.0.7", `-m ${MARK.other} -s 1600`),
    ...["127.0.0.1", "::1"].flatMap((address) =>
      [7001, 7002].flatMap((port) => [
        send("udp", address, port, 30),
        send("tcp", address, port, 5000),
      ])
    ),
    ofLength("10.9.0.2", LENGTH.bridged),
    ofLength("10.9.0.3", OTHER_BRIDGED),
    ofLength("10.7.0.2", LENGTH.vlan),
    ofLength("10.8.0.2", OTHER_VLAN),
    ofLength("10.10.0.2", LENGTH.vlanInHeader),
    ofLength("10.11.0.2", LENGTH.inner),
    send("udp", "10.9.0.2", 7002, OTHER_UDP - IP_AND_UDP_BYTES),
    `${inBlue} ping -q -c 1 -W 0.3 10.9.0.99 || true`, // nobody answers the ARP requests
  ];
  await Promise.all(flows.map((flow) => shell(flow)));
}
