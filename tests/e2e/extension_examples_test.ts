import assert from "node:assert/strict";
import { isKernel, type JsonEvent, options, ping, shell, Trace, workingBackends } from "./ipft.ts";
import { AFTER_THE_END, MARK, transfer, withMarkedOutput } from "./traffic.ts";

const backends = await workingBackends();

/** The functions that the examples are about, for the backends that attach one by one. */
const FUNCTIONS = [
  "--regex",
  "^(ip6?_output|dev_hard_start_xmit|ip_rcv|ipv6_rcv|skb_copy_datagram_iter|kfree_skbmem)$",
];

/** Options for an example. They name its object, because there may be no compiler in the guest. */
function example(name: string, backend = backends[0]): string[] {
  const [, chosen, ...few] = options(backend);
  const extension = ["-e", `examples/bpf/${name}/${name}.bpf.o`, "-b", chosen];
  return few.length > 0 ? [...extension, ...FUNCTIONS] : extension;
}

Deno.test("examples/bpf/len shows how long the packet is", async () => {
  await using trace = await Trace.start("-m", String(MARK), ...example("len"));
  await ping(MARK, "-c", "1");
  const { code, stdout, stderr } = await trace.stop();
  assert.equal(code, 0, stderr);
  const lines = stdout.trimEnd().split("\n").slice(1);
  for (const line of lines) {
    assert.match(line, / \( len: \d+ data_len: 0 protocol: 0x(0|800) \)$|^===$/);
  }
  const of = (name: string) => new RegExp(` ${name} +(\\(.*\\))$`, "m").exec(stdout)?.[1];
  assert.equal(of("ip_output"), "( len: 84 data_len: 0 protocol: 0x800 )");
  assert.equal(of("dev_hard_start_xmit"), "( len: 98 data_len: 0 protocol: 0x800 )");
});

Deno.test("examples/bpf/gso shows how a TCP packet will be segmented", async () => {
  const mtu = await Deno.readTextFile("/sys/class/net/lo/mtu");
  await shell("ip link set lo mtu 1500");
  try {
    await using trace = await Trace.start("-m", String(MARK), "-o", "json", ...example("gso"));
    await withMarkedOutput(async () => {
      await transfer("127.0.0.1", 300_000);
      await transfer("::1", 300_000);
    });
    type Gso = { gso_type: string[]; gso_size: number; gso_segs: number; frags: number };
    const events = await trace.events() as (JsonEvent & Gso)[];
    const big = events.filter((event) => event.gso_segs > 1 && event.gso_size > 0);
    const types = (name: string) =>
      new Set(
        big.filter((event) => event.function === name).map(({ gso_type }) => gso_type.join()),
      );
    assert.deepEqual(types("ip_output"), new Set(["TCPV4"]));
    assert.deepEqual(types("ip6_output"), new Set(["TCPV6"]));
    for (const { gso_size, frags } of big) {
      assert(gso_size > 1400 && gso_size <= 1460, `gso_size ${gso_size}`);
      assert(frags <= 17, `${frags} frags`);
    }
    for (const event of events.filter((event) => AFTER_THE_END.test(event.function))) {
      const { gso_type, gso_size, gso_segs, frags } = event;
      assert.deepEqual([gso_type, gso_size, gso_segs, frags], [[], 0, 0, 0], event.function);
    }
  } finally {
    await shell(`ip link set lo mtu ${mtu}`);
  }
});

interface TcpHeader {
  sport: number;
  dport: number;
  flags: string[];
  seq: number;
  ack: number;
  window: number;
}

Deno.test("examples/bpf/tcp shows the headers of a connection from SYN to FIN", async () => {
  const SIZE_BYTES = 100_000;
  await using trace = await Trace.start("-m", String(MARK), "-o", "json", ...example("tcp"));
  const connections = await withMarkedOutput(async () => {
    await ping(0, "-c", "1");
    return {
      ip: await transfer("127.0.0.1", SIZE_BYTES),
      ip6: await transfer("::1", SIZE_BYTES),
    };
  });
  const events = await trace.events() as (JsonEvent & TcpHeader)[];

  const seenIn = (name: string, [from, to]: number[]) =>
    events.filter((event) => event.function === name && event.sport === from && event.dport === to);
  const text = ({ sport, dport, flags, seq, ack, window }: TcpHeader) =>
    `${sport} > ${dport} ${flags} ${seq} ${ack} ${window}`;
  for (
    const [[client, server], output, input] of [
      [connections.ip, "ip_output", "ip_rcv"],
      [connections.ip6, "ip6_output", "ipv6_rcv"],
    ] as const
  ) {
    const sent = seenIn(output, [client, server]), answered = seenIn(output, [server, client]);
    assert.deepEqual([sent[0].flags, sent[0].ack], [["SYN"], 0]);
    assert.deepEqual(answered[0].flags, ["SYN", "ACK"]);
    // Each end numbers its SYN, its bytes and its FIN.
    const sentFrom = (header: TcpHeader) => (header.seq - sent[0].seq) >>> 0;
    const answeredFrom = (header: TcpHeader) => (header.seq - answered[0].seq) >>> 0;
    const acknowledged = (header: TcpHeader) => (header.ack - sent[0].seq) >>> 0;
    assert.equal(acknowledged(answered[0]), 1);
    assert.equal(Math.max(...answered.map(acknowledged)), 1 + SIZE_BYTES + 1);
    for (const header of sent.slice(1)) {
      assert(header.flags.includes("ACK") && !header.flags.includes("SYN"), text(header));
      assert(sentFrom(header) >= 1 && sentFrom(header) <= 1 + SIZE_BYTES + 1, text(header));
      assert((header.ack - answered[0].seq) >>> 0 <= 2, text(header));
    }
    for (const header of answered) assert(answeredFrom(header) <= 2, text(header));
    for (const headers of [sent, answered]) {
      assert(headers.some(({ flags }) => flags.includes("FIN")));
      assert(headers.slice(1).every(({ window }) => window > 0));
    }
    // What arrives is what was sent.
    assert.deepEqual(
      new Set(seenIn(input, [client, server]).map(text)),
      new Set(sent.map(text)),
    );
  }

  const none = { sport: 0, dport: 0, flags: [], seq: 0, ack: 0, window: 0 };
  const isNone = (event: TcpHeader) => text(event) === text(none);
  const withoutPorts = events.filter(({ sport }) => sport === 0);
  assert(withoutPorts.every(isNone));
  assert(withoutPorts.some((event) => event.function === "ip_output"), "ping has no TCP header");
  assert(events.filter((event) => AFTER_THE_END.test(event.function)).every(isNone));
});

interface Owner {
  pid: number;
  comm: string;
  uid: number;
  inode: number;
}

/**
 * Sends marked packets from this process, from a ping, and from a bash with the user id 65534, whose
 * connection is made before packets are marked. Returns the process ids of ping and bash.
 */
async function communicate(): Promise<[number, number]> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const bash = shell(`setpriv --reuid 65534 bash -c '
    exec 3<>/dev/tcp/127.0.0.1/${(listener.addr as Deno.NetAddr).port}
    read -u 3; echo >&3; echo $$
  '`);
  using connection = await listener.accept();
  return await withMarkedOutput(async () => {
    await transfer("127.0.0.1", 100_000);
    const pingPid = await shell("bash -c 'echo $$; exec ping -q -c 1 127.0.0.1 >/dev/null'");
    await connection.write(new TextEncoder().encode("\n"));
    return [Number(pingPid), Number(await bash)];
  });
}

for (const backend of backends) {
  Deno.test(`examples/bpf/socket shows whose socket it is, with ${backend}`, async () => {
    await using trace = await Trace.start(
      ...["-m", String(MARK), "-o", "json", ...example("socket", backend)],
    );
    const [pingPid, bashPid] = await communicate();
    const events = await trace.events() as (JsonEvent & Owner)[];

    const owners = new Map<number, string>();
    for (const { pid, comm, uid, inode } of events) {
      const text = `${pid} ${comm} ${uid}`;
      if (pid === 0) assert.equal(comm, "");
      else assert.equal(owners.get(inode) ?? text, text, "one owner for each socket");
      if (pid !== 0) owners.set(inode, text);
      if (uid === -1) assert.deepEqual([pid, inode], [0, 0]);
    }
    assert(!owners.has(0));
    const self = `${Deno.pid} ${(await Deno.readTextFile("/proc/self/comm")).trim()} 0`;
    // This process has three sockets: both ends of the transfer, and its end of bash's connection.
    assert.deepEqual(
      [...owners.values()].toSorted(),
      [self, self, self, `${pingPid} ping 0`, `${bashPid} bash 65534`].toSorted(),
    );

    const seenIn = (name: string) => events.filter((event) => event.function === name);
    assert.equal(seenIn("ip_output")[0].pid, Deno.pid, "the first packet, a SYN");
    assert(seenIn("ip_output").some(({ uid }) => uid === -1), "the SYN|ACK has no socket yet");
    assert(
      seenIn("ip_output").some(({ pid, uid }) => uid === 65534 && pid === 0),
      "bash's socket acknowledges before bash runs, while another process does",
    );
    assert.deepEqual(
      new Set(seenIn("skb_copy_datagram_iter").map(({ pid }) => pid)),
      new Set([Deno.pid, pingPid, bashPid]),
      "those who read what has arrived",
    );
    // On older kernels, programs of the ftrace backend cannot tell which function they run in.
    if (backend === "ftrace" && !isKernel(5, 15)) return;
    for (const event of events.filter((event) => AFTER_THE_END.test(event.function))) {
      assert.deepEqual([event.uid, event.inode], [-1, 0], event.function);
    }
  });
}
