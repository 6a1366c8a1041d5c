/** Two namespaces with one link, for many packets. What `near` sends is marked, and so is what `far` answers. */
import assert from "node:assert/strict";
import { run, shell } from "./ipft.ts";

/** Marks of what each namespace sends by itself. */
export const MARK = { near: 0x6e01, far: 0x6e02 } as const;
/** Both, as options. */
export const MARKED = ["-m", "0x6e00", "--mask", "0xff00"];
export const ADDRESS = { near: "10.30.0.1", far: "10.30.0.2" } as const;
type End = keyof typeof ADDRESS;

const inNear = "ip netns exec near";

/**
 * Makes them. Disposing of the result takes them away.
 * @param offload what ethtool(8) sets at near and at far
 */
export async function makePair(
  offload: Partial<Record<End, string>> = {},
): Promise<AsyncDisposable> {
  const pair = {
    [Symbol.asyncDispose]: async () => {
      await removeNamespaces(["near", "far"]);
    },
  };
  // With neither IPv6 nor ARP, all packets are those that the tests send.
  const end = (name: End, other: End, mac: (end: End) => string) => `
    ip -n ${name} addr add ${ADDRESS[name]}/24 dev wire
    ip -n ${name} link set wire up
    ip -n ${name} neigh replace ${ADDRESS[other]} lladdr ${mac(other)} dev wire nud permanent
    ${offload[name] ? `ip netns exec ${name} ethtool -K wire ${offload[name]}` : ""}
    ip netns exec ${name} nft 'table ip ipft {
      counter sent {}
      counter received {}
      chain output { type filter hook output priority 0; meta mark set ${MARK[name]}; }
      chain postrouting { type filter hook postrouting priority 0; counter name sent; }
      chain input { type filter hook input priority 0; counter name received; }
    }'`;
  const mac = (end: End) => `02:00:00:00:30:0${end === "near" ? 1 : 2}`;
  try {
    await shell(`
      for name in near far; do
        ip netns add $name
        ip netns exec $name sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
      done
      ip -n near link add wire address ${mac("near")} type veth peer name wire address ${
      mac("far")
    } netns far
      ${end("near", "far", mac)}
      ${end("far", "near", mac)}`);
  } catch (error) {
    await pair[Symbol.asyncDispose]();
    throw error;
  }
  return pair;
}

/**
 * Removes namespaces, and before that their rules: the kernel removes namespaces at some time later, and patches its
 * code when the last rule has gone, which is nothing to do while the next test sends.
 */
export async function removeNamespaces(names: readonly string[]): Promise<void> {
  for (const name of names) {
    await run("ip", "netns", "exec", name, "nft", "flush", "ruleset");
    await run("ip", "netns", "del", name);
  }
}

/** Pings far from near, all of which must be answered. */
export async function ping(...options: string[]): Promise<void> {
  await shell(`${inNear} ping -q ${options.join(" ")} ${ADDRESS.far}`);
}

/** Sends bytes over two TCP connections at once, as fast as it gets. */
export async function sendTcp(bytes: number, ...options: string[]): Promise<void> {
  const server = new Deno.Command("ip", {
    args: ["netns", "exec", "far", "iperf3", "-s", "-1"],
    stdout: "null",
  }).spawn();
  const HEXADECIMAL_PORT = "1451"; // 5201
  await shell(`
    until ip netns exec far grep -q :${HEXADECIMAL_PORT} /proc/net/tcp /proc/net/tcp6; do sleep 0.05; done
    ${inNear} timeout 120 iperf3 -c ${ADDRESS.far} -P 2 -n ${bytes} ${
    options.join(" ")
  } >/dev/null`);
  assert.equal((await server.status).code, 0);
}

/** How many packets a namespace has counted: those that it sends before they are segmented, and those for it. */
export async function counted(end: End): Promise<{ sent: number; received: number }> {
  const text = await shell(`ip netns exec ${end} nft list counters table ip ipft`);
  const count = (name: string) =>
    Number(new RegExp(`counter ${name} {\\s*packets (\\d+)`).exec(text)![1]);
  return { sent: count("sent"), received: count("received") };
}
