/** Network namespaces whose packets are those that a test sends: there is neither IPv6 nor ARP. */
import { shell } from "./ipft.ts";

/** The addresses of devices, but for the last digit. */
export const MAC = "02:00:00:00:00:0";

export async function makeNamespaces(...names: string[]): Promise<void> {
  await shell(`
    for ns in ${names.join(" ")}; do
      ip netns add $ns
      ip netns exec $ns sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
      ip -n $ns link set lo up
    done`);
}

/**
 * Makes two namespaces and a pair of veth devices between them, each with the name of its namespace behind a `v`.
 * @param network what their addresses begin with; they end with 1 and 2
 */
export async function makeConnectedNamespaces(
  near: string,
  far: string,
  network: string,
): Promise<void> {
  await makeNamespaces(near, far);
  await shell(`
    ip -n ${near} link add v${near} address ${MAC}1 type veth peer name v${far} address ${MAC}2 netns ${far}
    ip -n ${near} addr add ${network}.1/24 dev v${near}
    ip -n ${far} addr add ${network}.2/24 dev v${far}
    ip -n ${near} neigh add ${network}.2 lladdr ${MAC}2 dev v${near}
    ip -n ${far} neigh add ${network}.1 lladdr ${MAC}1 dev v${far}
    ip -n ${near} link set v${near} up
    ip -n ${far} link set v${far} up`);
}
