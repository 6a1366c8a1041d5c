import assert from "node:assert/strict";
import { LuaScript } from "../../lib/lua/script.ts";
import { TextFields } from "../../lib/output/fields/text_fields.ts";
import { isKernel, type JsonEvent, options, ping, shell, Trace, workingBackends } from "./ipft.ts";
import { AFTER_THE_END, MARK, transfer, withMarkedOutput } from "./traffic.ts";

const [backend] = await workingBackends();

/** The functions that the examples are about, for the backends that attach one by one. */
const FUNCTIONS = [
  "--regex",
  "^(ip6?_output|dev_hard_start_xmit|ip_rcv|ipv6_rcv|udp_rcv|kfree_skb|kfree_skb_reason|" +
  "sk_skb_reason_drop|consume_skb|kfree_skbmem)$",
];

/** `-s` for an example, and functions that are attached to quickly. */
function example(name: string): string[] {
  const [, chosen, ...few] = options(backend);
  const script = ["-s", `examples/lua/${name}/${name}.lua`, "-b", chosen];
  return few.length > 0 ? [...script, ...FUNCTIONS] : script;
}

Deno.test("examples/lua/mark shows the mark on every line", async () => {
  await using trace = await Trace.start("-m", "0xdeadbeef", ...example("mark"));
  await ping(0xdeadbeef, "-c", "1");
  const { code, stdout, stderr } = await trace.stop();
  assert.equal(code, 0, stderr);
  const [first, header, ...lines] = stdout.trimEnd().split("\n");
  assert.equal(first, "init");
  assert.match(header, /^ *Timestamp +CPU +Packet +Module +Function$/);
  assert.equal(lines.pop(), "fini");
  assert(lines.length >= 5, stdout);
  for (const line of lines) assert.match(line, / vmlinux +[\w.]+ \(mark: 0xdeadbeef\)$|^===$/);
});

Deno.test("examples/lua/gso shows into how much a TCP packet is to be cut", async () => {
  const mtu = await Deno.readTextFile("/sys/class/net/lo/mtu");
  await shell("ip link set lo mtu 1500");
  try {
    await using trace = await Trace.start("-m", String(MARK), "-o", "json", ...example("gso"));
    await withMarkedOutput(() => transfer("127.0.0.1", 300_000));
    type Gso = { frags?: number; gso_segs?: number; gso_size?: number; gso_type?: string };
    const events: (JsonEvent & Gso)[] = await trace.events();
    const big = events.filter((event) => event.gso_segs! > 1 && event.gso_size! > 0);
    assert(big.some((event) => event.function === "ip_output"));
    for (const { gso_size, gso_type, frags } of big) {
      assert(gso_size! > 1400 && gso_size! <= 1460, `gso_size ${gso_size}`);
      assert.equal(gso_type, "TCPV4");
      assert(frags! <= 17, `${frags} frags`);
    }
    for (const event of events) {
      const hasData = !AFTER_THE_END.test(event.function);
      assert.equal("gso_segs" in event, hasData, event.function);
    }
  } finally {
    await shell(`ip link set lo mtu ${mtu}`);
  }
});

Deno.test("examples/lua/five_tuple shows addresses, ports and protocol", async () => {
  await using trace = await Trace.start("-m", String(MARK), "-o", "json", ...example("five_tuple"));
  const [tcp, tcp6] = await withMarkedOutput(async () => {
    await ping(0, "-c", "1");
    await shell("ping -q -c 1 ::1; echo >/dev/udp/127.0.0.1/9; echo >/dev/udp/::1/9");
    return [await transfer("127.0.0.1", 1000), await transfer("::1", 1000)];
  });
  const expected = [
    "(127.0.0.1 > 127.0.0.1 ICMP)",
    "(::1 > ::1 ICMPv6)",
    "(127.0.0.1:PORT > 127.0.0.1:9 UDP)",
    "([::1]:PORT > [::1]:9 UDP)",
    `(127.0.0.1:${tcp[0]} > 127.0.0.1:${tcp[1]} TCP)`,
    `(127.0.0.1:${tcp[1]} > 127.0.0.1:${tcp[0]} TCP)`,
    `([::1]:${tcp6[0]} > [::1]:${tcp6[1]} TCP)`,
    `([::1]:${tcp6[1]} > [::1]:${tcp6[0]} TCP)`,
  ];
  const events: (JsonEvent & { dump?: string })[] = await trace.events();
  const seen = new Set<string>();
  for (const event of events) {
    if (AFTER_THE_END.test(event.function)) assert.equal(event.dump, "");
    else seen.add(event.dump!.replace(/:\d+ > (\S+:9) UDP/, ":PORT > $1 UDP"));
  }
  assert.deepEqual(expected.filter((text) => !seen.has(text)), [], [...seen].join("\n"));
  // Other connections may still be at their end.
  for (const text of seen) {
    assert.match(text, /^\([\w.:\[\]]+ > [\w.:\[\]]+ (ICMP|ICMPv6|UDP|TCP)\)$/);
  }
});

Deno.test("examples/lua/drop_reason shows why, where the kernel drops a packet", async () => {
  await using trace = await Trace.start("-m", String(MARK), ...example("drop_reason"));
  await withMarkedOutput(
    () => shell("echo >/dev/udp/127.0.0.1/9; echo >/dev/udp/127.0.0.1/10"),
    "udp dport 10 drop",
  );
  const { code, stdout, stderr } = await trace.stop();
  assert.equal(code, 0, stderr);
  const reasons = [...stdout.matchAll(/ (\w+) \(drop reason: (.*)\)$/gm)]
    .map(([, name, reason]) => `${name} ${reason}`);
  const name = isKernel(6, 11) ? "sk_skb_reason_drop" : "kfree_skb_reason";
  const since517 = [`${name} NETFILTER_DROP`, `${name} NO_SOCKET`];
  // Where nobody has said why: older kernels free what has come to a good end so, too.
  const isSpecified = (reason: string) => !reason.endsWith(" NOT_SPECIFIED");
  assert.deepEqual(reasons.filter(isSpecified).sort(), isKernel(5, 17) ? since517 : []);
  for (const line of stdout.trimEnd().split("\n").slice(1)) {
    assert.match(line, /^ *\d+ +\d+ +\d+ +\w+ +[\w.]+( \(drop reason: \w+\))?$|^===$/);
  }
});

Deno.test("examples/lua/five_tuple writes IPv6 addresses as RFC 5952 says", async () => {
  // Those of the RFC's own text, and the edges.
  const canonical: Record<string, string> = {
    "00000000000000000000000000000000": "::",
    "00000000000000000000000000000001": "::1",
    "20010db8000000000000000000000000": "2001:db8::",
    "20010db8000000000000000000020001": "2001:db8::2:1",
    "20010db8000000010001000100010001": "2001:db8:0:1:1:1:1:1",
    "20010000000000010000000000000001": "2001:0:0:1::1",
    "20010db8000000000001000000000001": "2001:db8::1:0:0:1",
    "000100020003000400050006000a0000": "1:2:3:4:5:6:a:0",
    "00010002000300040005000600000000": "1:2:3:4:5:6::",
    "ffffffffffffffffffffffffffffffff": "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "00000000000000000000ffffc0000201": "::ffff:192.0.2.1",
  };
  const addresses = Object.keys(canonical);
  const data = new Uint8Array(64 * addresses.length);
  addresses.forEach((hex, i) => {
    data.set([6, 59], 64 * i);
    data.set(Uint8Array.fromHex(hex), 64 * i + 8);
  });
  const silent = { write: () => {}, writeError: () => {} };
  const path = new URL("../../examples/lua/five_tuple/five_tuple.lua", import.meta.url).pathname;
  using script = await LuaScript.load(path, silent);
  const writer = new TextFields();
  script.openFields(() => {})!(writer).read(data);
  assert.equal(
    new TextDecoder().decode(writer.bytes),
    addresses.map((hex) => ` (${canonical[hex]} > :: protocol 59)`).join(""),
  );
});
