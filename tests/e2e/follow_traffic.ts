/** Packets on all ways of follow_network.ts, and what the kernel's own counters say of them. */
import assert from "node:assert/strict";
import {
  counted,
  destination,
  deviceOf,
  leftAddress,
  type Namespace,
  NAMESPACES,
  requestMark,
  rightAddress,
  type Way,
  WAYS,
} from "./follow_network.ts";
import { sendSignal, shell } from "./ipft.ts";

export const PINGS = 5;

/** The ways for TCP, without pings; the others have pings only. */
export const TCP_WAYS = ["segments", "gro"] as const satisfies readonly Way[];
export const PING_WAYS = (Object.keys(WAYS) as Way[])
  .filter((way) => !TCP_WAYS.some((tcp) => tcp === way));

/** The data of a ping, in bytes. */
export const pingBytes = (way: Way) => PING_BYTES[way] ?? 56;
const PING_BYTES: Partial<Record<Way, number>> = { fragments: 4000, smallLink: 1400 };

const inLeft = "ip netns exec left", inRight = "ip netns exec right";

/** Pings over all ways at once. */
async function pingAll(count: number, options: (way: Way) => string): Promise<void> {
  await Promise.all(PING_WAYS.map(async (way) => {
    const output = await shell(
      `${inLeft} ping -q -M dont -c ${count} -i 0.01 -s ${pingBytes(way)} ${options(way)} ${
        destination(way)
      }`,
    );
    assert.match(output, new RegExp(`^${count} packets transmitted, ${count} received`, "m"), way);
  }));
}

/**
 * Makes both ends of all ways know each other for good: devices count what ARP sends, and the kernel clones packets
 * that wait for its answer.
 */
export async function meet(): Promise<void> {
  await Promise.all([
    pingAll(1, () => ""),
    ...TCP_WAYS.map((way) => shell(`${inLeft} ping -q -c 1 ${rightAddress(way)}`)),
  ]);
  const keep = "s/^([0-9.]+ dev [^ ]+ lladdr [^ ]+) .*/neigh replace \\1 nud permanent/p";
  await shell(
    NAMESPACES.map((name) =>
      `ip -n ${name} neigh show | sed -nE '${keep}' | ip -n ${name} -batch -`
    )
      .join("\n"),
  );
}

/** Sends marked pings, and TCP; how many of the pings on the way `tap` came to its tap, as the kernel says. */
export async function sendAll(): Promise<{ captured: number }> {
  const { captured } = await withTap(async () => {
    await pingAll(PINGS, (way) => `-m ${requestMark(way)}`);
  });
  await Promise.all(TCP_WAYS.map((way) => {
    const port = 5000 + WAYS[way], hexadecimal = port.toString(16).toUpperCase().padStart(4, "0");
    return shell(`${inRight} timeout 60 iperf3 -s -1 -p ${port} >/dev/null &
      until ${inRight} grep -q :${hexadecimal} /proc/net/tcp /proc/net/tcp6; do sleep 0.05; done
      ${inLeft} timeout 60 iperf3 -c ${rightAddress(way)} -p ${port} -n 100K >/dev/null
      wait`);
  }));
  return { captured };
}

const ECHO = "icmp[icmptype] == icmp-echo";

/** tcpdump on left's device of the way `tap`, while something is sent there. */
async function withTap(meanwhile: () => Promise<void>): Promise<{ captured: number }> {
  const tcpdump = ["tcpdump", "-i", deviceOf("tap"), "-Q", "out", "-w", "/dev/null", ECHO];
  const child = new Deno.Command("ip", {
    args: ["netns", "exec", "left", ...tcpdump],
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let said = "";
  const reading = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) said += text;
  })();
  try {
    while (!said.includes("listening on")) await new Promise((resolve) => setTimeout(resolve, 20));
    await meanwhile();
  } finally {
    sendSignal(child, "SIGINT");
    await child.status;
    await reading;
  }
  const [, captured] = /^(\d+) packets? received by filter$/m.exec(said) ?? [];
  assert(captured, said);
  return { captured: Number(captured) };
}

/** Counters of the kernel. */
export interface Counters {
  /** How many packets of a way and protocol arrived, or were forwarded by middle. */
  arrived(namespace: Namespace, way: Way, protocol: "icmp" | "tcp"): number;
  /** What a namespace's `/proc/net/snmp` has in a row, such as `Ip` and `ReasmReqds`. */
  snmp(namespace: Namespace, name: string): number;
  /** How many packets left has sent by the device of a way. */
  sent(way: Way): number;
}

/** Reads all of them. */
export async function readCounters(): Promise<Counters> {
  const seen = new Map<string, number>();
  for (const namespace of NAMESPACES) {
    for (const [key, count] of await counted(namespace)) seen.set(`${namespace} ${key}`, count);
  }
  const snmp = new Map<string, number>();
  for (const namespace of NAMESPACES) {
    const text = await shell(`ip netns exec ${namespace} cat /proc/net/snmp`);
    const [, names, values] = /^Ip: ([A-Z].*)\nIp: (.*)$/m.exec(text)!;
    const numbers = values.split(" ");
    names.split(" ").forEach((name, i) => snmp.set(`${namespace} ${name}`, Number(numbers[i])));
  }
  const links: { ifname: string; stats64: { tx: { packets: number } } }[] = JSON.parse(
    await shell("ip -n left -s -j link show"),
  );
  return {
    arrived(namespace, way, protocol) {
      const address = namespace === "left" ? leftAddress(way) : rightAddress(way);
      return seen.get(`${namespace} ${address} ${protocol === "icmp" ? 1 : 6}`) ?? 0;
    },
    snmp: (namespace, name) => snmp.get(`${namespace} ${name}`)!,
    sent: (way) => links.find(({ ifname }) => ifname === deviceOf(way))!.stats64.tx.packets,
  };
}

/** What the counters have counted from one reading to another. */
export function difference(before: Counters, after: Counters): Counters {
  return {
    arrived: (...key) => after.arrived(...key) - before.arrived(...key),
    snmp: (...key) => after.snmp(...key) - before.snmp(...key),
    sent: (way) => after.sent(way) - before.sent(way),
  };
}
