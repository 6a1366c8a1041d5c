/** Generates the packets that the tools trace. All are marked; for misses, a tool looks for another mark. */
import { shell } from "./shell.ts";

/** The mark of pings. */
export const MARK = 0x1234;
/** The mark of all packets on the veth pair, a mark of its own because the pair has background traffic. */
export const VETH_MARK = 0x1235;
/** A mark that no packet has. */
export const OTHER_MARK = 0x4321;

/**
 * Sends `count` marked echo requests to the loopback address, each as soon as the last is answered.
 * Returns the time that took, in ms.
 * @param cpu the CPU to run on; any by default
 */
export async function floodPing(count: number, mark = MARK, cpu?: number): Promise<number> {
  const pinned = cpu === undefined ? "" : `taskset --cpu-list ${cpu}`;
  const output = await shell(`${pinned} ping -q -f -m ${mark} -c ${count} 127.0.0.1`);
  // 2000 packets transmitted, 2000 received, 0% packet loss, time 532ms
  return Number(/, time (\d+)ms/.exec(output)![1]);
}

/**
 * Sends `count` echo requests from each CPU at once; a request and its answer stay on their CPU. Returns
 * the time that the slowest took, in ms.
 */
export async function floodPingOnEachCpu(
  cpus: number,
  count: number,
  mark: number,
): Promise<number> {
  // Without this, ping falls back to a raw socket, which also gets the answers to the others.
  Deno.writeTextFileSync("/proc/sys/net/ipv4/ping_group_range", "0 2147483647");
  const floods = Array.from({ length: cpus }, (_, cpu) => floodPing(count, mark, cpu));
  return Math.max(...await Promise.all(floods));
}

/** Number of echo requests that `slowPings` sends. */
export const SLOW_PINGS = 10;

/** Sends marked echo requests with pauses, so that any tool keeps up. */
export async function slowPings(): Promise<void> {
  await shell(`ping -q -i 0.1 -m ${MARK} -c ${SLOW_PINGS} 127.0.0.1`);
}

/** Sets whether the answer to a marked packet is marked, which makes nearly all probe runs hits. */
export function setReflection(reflect: boolean): void {
  Deno.writeTextFileSync("/proc/sys/net/ipv4/fwmark_reflect", reflect ? "1" : "0");
}

/** A marked packet that waits in the queue of a socket, which nobody reads. */
export class WaitingPacket implements AsyncDisposable {
  readonly #sockets: DisposableStack;

  private constructor(sockets: DisposableStack) {
    this.#sockets = sockets;
  }

  static async send(mark: number): Promise<WaitingPacket> {
    using sockets = new DisposableStack();
    const listener = sockets.use(Deno.listen({ hostname: "127.0.0.1", port: 0 }));
    const { port } = listener.addr;
    const chain = "type filter hook output priority -500";
    await shell(`nft 'table inet waiting {
      chain leaves { ${chain}; tcp dport ${port} meta mark set ${mark}; }
    }'`);
    const [sender, receiver] = await Promise.all([
      Deno.connect({ hostname: "127.0.0.1", port }),
      listener.accept(),
    ]);
    sockets.use(sender);
    sockets.use(receiver);
    await sender.write(new Uint8Array(8));
    return new WaitingPacket(sockets.move());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#sockets.dispose();
    await shell("nft delete table inet waiting");
  }
}

/**
 * Two network namespaces with a veth pair between them. A packet loses its mark on the way to the other
 * namespace, so it is marked twice: when it leaves and when it arrives.
 */
export class VethPair implements AsyncDisposable {
  static async make(): Promise<VethPair> {
    const mark = (device: string) =>
      `table netdev bench {
        chain arrives {
          type filter hook ingress device ${device} priority -500
          meta mark set ${VETH_MARK}
        }
      }
      table inet bench {
        chain leaves { type filter hook output priority -500; meta mark set ${VETH_MARK}; }
      }`;
    await shell(`
      ip netns add bench-a
      ip netns add bench-b
      ip link add veth-a netns bench-a type veth peer name veth-b netns bench-b
      for end in a b; do ip -n bench-$end link set lo up; ip -n bench-$end link set veth-$end up; done
      ip -n bench-a address add 192.0.2.1/24 dev veth-a
      ip -n bench-b address add 192.0.2.2/24 dev veth-b
      ip netns exec bench-a nft '${mark("veth-a")}'
      ip netns exec bench-b nft '${mark("veth-b")}'
      ip netns exec bench-a ping -q -c 1 192.0.2.2`);
    return new VethPair();
  }

  /** Sends one TCP stream through the pair with iperf3. */
  async transfer(seconds: number): Promise<{ bitsPerSecond: number; bytes: number }> {
    const output = await shell(`
      ip netns exec bench-b iperf3 --server --one-off >/dev/null &
      until ip netns exec bench-b ss -Hltn 'sport = 5201' | grep -q .; do sleep 0.05; done
      ip netns exec bench-a iperf3 --client 192.0.2.2 --time ${seconds} --json
      wait`);
    const { bits_per_second, bytes } = JSON.parse(output).end.sum_received;
    return { bitsPerSecond: bits_per_second, bytes };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await shell("ip netns delete bench-a; ip netns delete bench-b");
  }
}
