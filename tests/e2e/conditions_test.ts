/**
 * Packets chosen by namespace, interface and cgroup, held against the counters of the kernel's network stack,
 * which each namespace has for itself. Two namespaces ping each other, and one of them itself.
 */
import assert from "node:assert/strict";
import { backendGaps } from "../../lib/bpf/attach/backends.ts";
import { TRACERS } from "../../lib/event/trace_header.ts";
import { type CompiledRequest, type OpenFilter, openFilter } from "../../lib/filter/open_filter.ts";
import { inspectKernel } from "../../lib/kernel/inspect.ts";
import { countEntries } from "./count_entries.ts";
import { assertNothingLeft, ipft, shell, Trace } from "./ipft.ts";
import { MAC, makeConnectedNamespaces } from "./namespaces.ts";

const CGROUP = "/sys/fs/cgroup/conditions", NESTED = `${CGROUP}/a/b`;
const inBlue = "ip netns exec blue", inRed = "ip netns exec red";

await shell(`mkdir -p ${NESTED}`);
await makeConnectedNamespaces("blue", "red", "10.9.0");

const pings = (inNamespace: string, count: number, address: string) =>
  `${inNamespace} ping -q -i 0.01 -c ${count} ${address}`;

/** Runs a command in a cgroup. */
const inCgroup = (path: string, command: string) =>
  `sh -c 'echo $$ >${path}/cgroup.procs; exec ${command}'`;

/** All at once: what the namespaces send to each other and themselves, some of it from cgroups. */
async function exchange(): Promise<void> {
  await Promise.all([
    shell(inCgroup(CGROUP, pings(inBlue, 2, "10.9.0.2"))),
    shell(inCgroup(NESTED, pings(inBlue, 3, "10.9.0.2"))),
    shell(pings(inRed, 7, "10.9.0.1")),
    shell(pings(inRed, 4, "127.0.0.1")),
  ]);
}

/** The kernel's counters of a namespace: `IpInReceives`, `lo`'s received packets, … */
async function countersOf(inNamespace: string): Promise<ReadonlyMap<string, number>> {
  const counters = new Map<string, number>();
  const text = await shell(`${inNamespace} sh -c 'cat /proc/net/snmp; cat /proc/net/dev'`);
  // Ip: Forwarding DefaultTTL …      as names, and once more as numbers
  for (const [, group, names, values] of text.matchAll(/^(\w+): ([A-Z].*)\n\1: (.*)$/gm)) {
    const numbers = values.split(" ").map(Number);
    names.split(" ").forEach((name, i) => counters.set(group + name, numbers[i]));
  }
  // lo:    1234      12 …      bytes and packets received
  for (const [, device, packets] of text.matchAll(/^ *(\w+): +\d+ +(\d+) /gm)) {
    counters.set(device, Number(packets));
  }
  return counters;
}

/** How much the counters grew meanwhile. */
async function growth(meanwhile: () => Promise<void>) {
  const before = [await countersOf(inBlue), await countersOf(inRed)];
  await meanwhile();
  const after = [await countersOf(inBlue), await countersOf(inRed)];
  const [blue, red] = after.map((counters, i) => (name: string) => {
    const grown = counters.get(name)! - before[i].get(name)!;
    assert(grown > 0, `${name} grew by ${grown}`);
    return grown;
  });
  return { blue, red };
}

const TRACED = /^(ip_output|ip_rcv)$/;

const { capabilities } = await inspectKernel(() => {});
for (const tracer of TRACERS) {
  for (const { backend: { name }, missing } of backendGaps(capabilities, tracer)) {
    if (missing.length > 0) continue;
    Deno.test(`${tracer} with ${name}: each condition takes the packets that the kernel counts`, async () => {
      const requests = [
        { netns: "blue" },
        { ifname: "lo@red" },
        { ifname: "vred" },
        { netns: "red", cgroup: "/conditions" },
      ];
      let seen: Record<string, number>[] = [];
      const { blue, red } = await growth(async () => {
        seen = await countEntries(tracer, name, TRACED, requests, exchange);
      });
      const [inside, lo, vred, both] = seen;
      assert.deepEqual(inside, { ip_output: blue("IpOutRequests"), ip_rcv: blue("IpInReceives") });
      assert.equal(lo.ip_rcv, red("lo"));
      assert.equal(vred.ip_rcv, red("vred"));
      // A packet keeps its socket across veth devices, until ip_rcv takes it away.
      assert.deepEqual(both, { ip_rcv: blue("IcmpOutEchos") });
    });
  }
}

const [best] = backendGaps(capabilities, "function").filter(({ missing }) => missing.length === 0);

Deno.test("connections belong to the cgroup of the process that listens, from the SYN-ACK on", async () => {
  const server = `using listener = Deno.listen({ hostname: "10.9.0.2", port: 7777 });
    console.log("ready");
    using connection = await listener.accept();
    for await (const bytes of connection.readable);`;
  const child = new Deno.Command("bash", {
    args: [
      "-c",
      `echo $$ >${NESTED}/cgroup.procs; exec ${inRed} "$0" eval "$1"`,
      Deno.execPath(),
      server,
    ],
    stdout: "piped",
  }).spawn();
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    if (text.includes("ready")) break;
  }
  let entries: Record<string, number> = {};
  const { red } = await growth(async () => {
    [entries] = await countEntries(
      "function",
      best.backend.name,
      TRACED,
      [{ cgroup: CGROUP }],
      async () => {
        await shell(`${inBlue} bash -c 'echo hello >/dev/tcp/10.9.0.2/7777'`);
        await child.status;
      },
    );
  });
  assert.equal(entries.ip_output, red("TcpOutSegs"));
});

Deno.test("a namespace has many names, an interface may have several", async () => {
  await shell("ip -n blue link property add dev vblue altname uplink");
  const child = new Deno.Command("ip", { args: ["netns", "exec", "blue", "sleep", "60"] }).spawn();
  const filterOf = (request: CompiledRequest): OpenFilter["filter"] => {
    using open = openFilter(request, assert.fail);
    return open.filter;
  };
  const { netns } = filterOf({ netns: "blue" });
  assert(netns !== undefined);
  assert.equal(await shell(`${inBlue} readlink /proc/self/ns/net`), `net:[${netns}]\n`);
  await shell("sleep 0.5"); // until the child is in the namespace
  for (const name of [`pid:${child.pid}`, `/proc/${child.pid}/ns/net`, `${netns}`]) {
    assert.equal(filterOf({ netns: name }).netns, netns, name);
  }
  await shell("umount /run/netns/blue"); // now only a process shows where it is
  assert.equal(filterOf({ netns: `${netns}` }).netns, netns);
  await shell(`touch /run/netns/blue; mount --bind /proc/${child.pid}/ns/net /run/netns/blue`);
  child.kill();
  await child.status;

  assert.deepEqual(filterOf({ ifname: "uplink@blue" }).ifname, "vblue");
  assert.deepEqual(filterOf({ netns: "blue", ifname: "uplink" }).ifname, "vblue");
  const told: string[] = [];
  using own = openFilter({ ifname: "uplink" }, (message) => told.push(message));
  assert.deepEqual(own.filter.ifname, "uplink");
  assert.deepEqual(told, [
    "no interface uplink here yet: waiting for it, here and in other namespaces",
  ]);
  assert.throws(() => filterOf({ netns: "red", ifname: "lo@blue" }), {
    exitCode: 2,
    message: "--netns 'red' and --ifname 'lo@blue' are two namespaces; " +
      "give one: no packet is in both",
  });

  const id = filterOf({ cgroup: CGROUP }).cgroup;
  assert.equal(`${id}\n`, await shell(`stat -c %i ${CGROUP}`));
  for (const cgroup of ["/conditions", "conditions", `${CGROUP}/`, "/conditions/../conditions"]) {
    assert.equal(filterOf({ cgroup }).cgroup, id, cgroup);
  }
  for (const cgroup of ["/nosuch", "/proc", "/sys/fs/cgroup/cgroup.procs", ""]) {
    assert.throws(() => filterOf({ cgroup }), {
      exitCode: 2,
      message: `--cgroup '${cgroup}': there is no such cgroup; ` +
        "give its path below /sys/fs/cgroup, such as /system.slice/ssh.service",
    });
  }
});

const functions = ["-b", best.backend.name, "-r", "^ip_(rcv|output)$", "-o", "json"];

/** The functions in the JSON of a trace. */
const functionsIn = (stdout: string) =>
  [...stdout.matchAll(/"function":"(\w+)"/g)].map(([, name]) => name);

Deno.test("with nothing but a command, the packets of its sockets are traced", async () => {
  const [{ code, stdout, stderr }, elsewhere] = await Promise.all([
    ipft(...functions, "--", "ping", "-q", "-c", "3", "-i", "0.01", "127.0.0.1"),
    ipft(...functions, "--mark-command", "--ifname", "no", "--", "ping", "-q", "-c", "1", "::1"),
    shell("ping -q -c 20 -i 0.2 127.0.0.1"),
  ]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(functionsIn(stdout), ["ip_output", "ip_output", "ip_output"]);
  assert.deepEqual([elsewhere.code, elsewhere.stdout], [0, ""]);
  assert.equal(await shell("find /sys/fs/cgroup -name 'ipft-*'"), "");
});

Deno.test("a namespace that goes away takes its packets with it; the next is not taken for it", async () => {
  const fresh = "ip netns add gone; ip -n gone link set lo up";
  await shell(fresh);
  await using running = await Trace.start("--netns", "gone", ...functions);
  const traffic = "ip netns exec gone ping -q -c 2 -i 0.01 127.0.0.1";
  await shell(`${traffic}; ip netns del gone; ${fresh}; ${traffic}; ip netns del gone`);
  const names = (await running.events()).map((event) => event.function);
  // Requests and replies go out and come in, as long as the first one lives.
  assert.deepEqual(names.sort(), [...Array(4).fill("ip_output"), ...Array(4).fill("ip_rcv")]);
});

Deno.test("an interface that comes during the trace is traced", async () => {
  await using running = await Trace.start("--ifname", "late@red", ...functions);
  assert.match(running.stderr, /^no interface late@red yet: waiting for it$/m);
  await shell(`
    ip -n red link add late address ${MAC}3 type veth peer name early address ${MAC}4 netns blue
    ip -n red addr add 10.8.0.1/24 dev late; ip -n blue addr add 10.8.0.2/24 dev early
    ip -n red link set late up; ip -n blue link set early up
    ${pings(inBlue, 3, "10.8.0.1")}; ${pings(inBlue, 2, "10.9.0.2")}`);
  const names = (await running.events()).map((event) => event.function);
  assert.deepEqual(names.filter((name) => name === "ip_rcv"), Array(3).fill("ip_rcv"));
});

Deno.test("nothing of it stays", async () => {
  await shell(`ip netns del blue; ip netns del red; rmdir ${NESTED} ${CGROUP}/a ${CGROUP}`);
  await assertNothingLeft();
});
