import assert from "node:assert/strict";
import { createLink } from "../../lib/ffi/bpf.ts";
import { close } from "../../lib/ffi/libc.ts";
import { openProgram } from "../../lib/ffi/loaded_programs.ts";
import {
  assertNothingLeft,
  FEW,
  isKernel,
  type JsonEvent,
  noneLost,
  run,
  shell,
  Trace,
} from "./ipft.ts";

const OBJECT = "tests/support/verdicts.bpf.o";
const TC = "tc_program_of_the_test", ODD = "odd_program_of_the_test";
const ACTION = "action_of_the_test", XDP = "xdp_program_of_the_test";
const NATIVE = "native_program_of_the_test";

/** ipft finds the skb of a native XDP program through a function of a module, whose types older kernels lack. */
const showsNative = isKernel(5, 11);

/**
 * Two namespaces with a veth pair in between, and an interface to redirect to. Here is 10.77.0.1, all others
 * of this network are there.
 */
async function withNetwork(meanwhile: () => Promise<void>): Promise<void> {
  await shell(`
    ip netns add ipft-verdicts
    ip link add ipft0 type veth peer name ipft1 netns ipft-verdicts address 02:00:00:00:77:02
    ip link add ipft2 type dummy
    sysctl -qw net.ipv6.conf.ipft0.disable_ipv6=1 net.ipv6.conf.ipft2.disable_ipv6=1
    ip addr add 10.77.0.1/24 dev ipft0
    for i in 2 3 4 5 6; do ip -n ipft-verdicts addr add 10.77.0.$i/24 dev ipft1; done
    ip link set ipft0 up; ip link set ipft2 up; ip -n ipft-verdicts link set ipft1 up
    for i in 2 3 4 5 6; do
      ip neigh replace 10.77.0.$i lladdr 02:00:00:00:77:02 dev ipft0
    done
    tc qdisc add dev ipft0 clsact
    tc filter add dev ipft0 egress bpf da obj ${OBJECT} sec tc
    tc filter add dev ipft0 ingress bpf da obj ${OBJECT} sec classifier/odd
    tc qdisc add dev ipft2 clsact
    tc filter add dev ipft2 egress prio 1 matchall action bpf obj ${OBJECT} sec action
    tc filter add dev ipft2 egress prio 2 bpf da obj ${OBJECT} sec classifier/untyped
    ip link set dev ipft0 xdpgeneric obj ${OBJECT} sec xdp/generic
    ip -n ipft-verdicts link set dev ipft1 xdpdrv obj ${OBJECT} sec xdp/native
  `);
  const tcx = isKernel(6, 6) ? await moveToTcx(ODD, "ipft0") : undefined;
  try {
    await meanwhile();
  } finally {
    if (tcx !== undefined) close(tcx);
    await shell("ip link del ipft0; ip link del ipft2; ip netns del ipft-verdicts");
  }
}

/** Attaches the program at the ingress of an interface with a link instead. Returns the link. */
async function moveToTcx(program: string, device: string): Promise<number> {
  const BPF_TCX_INGRESS = 46;
  const programs: { id: number; name?: string }[] = JSON.parse(await shell("bpftool -j prog list"));
  const { id } = programs.find(({ name }) => name?.startsWith(program.slice(0, 15)))!;
  const fd = openProgram(id);
  const link = createLink(fd, await indexOf(device), BPF_TCX_INGRESS);
  assert(link >= 0, `${link}`);
  close(fd);
  await shell(`tc filter del dev ${device} ingress`);
  return link;
}

async function indexOf(device: string): Promise<number> {
  return JSON.parse(await shell(`ip -j link show ${device}`))[0].ifindex;
}

/** Sends echo requests and returns how many replies came. */
async function replies(host: number, requests: number, ...args: string[]): Promise<number> {
  const count = ["-c", String(requests), "-i", "0.05", "-W", "0.5"];
  const { stdout } = await run("ping", "-q", ...count, ...args, `10.77.0.${host}`);
  return Number(/(\d+) received/.exec(stdout)![1]);
}

/** A program drops a packet after it has gone out and before it is freed. */
function assertShotInBetween(events: readonly JsonEvent[]): void {
  const shot = events.find((event) => event.function === `${TC}: TC_ACT_SHOT`)!;
  const entries = events.filter(({ packet, is_return }) => packet === shot.packet && !is_return);
  const names = entries.map((event) => event.function);
  assert.deepEqual(names, ["ip_output", shot.function, "kfree_skbmem"]);
}

/** How many packets an interface has sent, and how many clsact has dropped there. */
async function statistics(device: string): Promise<{ sent: number; dropped: number }> {
  const [link] = JSON.parse(await shell(`ip -j -s link show ${device}`));
  const [clsact] = JSON.parse(await shell(`tc -j -s qdisc show dev ${device} clsact`));
  return { sent: link.stats64.tx.packets, dropped: clsact.drops };
}

Deno.test("ipft --programs shows the verdicts of tc and XDP programs", async (t) => {
  await withNetwork(async () => {
    const args = ["--programs", ...FEW, "icmp"];
    const file = await Deno.makeTempFile();
    await using stack = new AsyncDisposableStack();
    const [followed, unfollowed] = await Promise.all([
      ["-t", "function_graph", "-o", "aggregate", "-w", file, "-o", "json"],
      ["--no-follow", "-o", "json"],
    ].map(async (its) => stack.use(await Trace.start(...its, ...args))));
    const redirectTo = String(await indexOf("ipft2"));

    assert.equal(await replies(2, 3), 3);
    assert.equal(await replies(3, 1), 0);
    assert.equal(await replies(4, 2), 0);
    assert.equal(await replies(5, 2), 0);
    assert.equal(await replies(6, 2, "-m", redirectTo), 0);

    const { dropped } = await statistics("ipft0"), { sent: redirected } = await statistics("ipft2");
    assert(dropped >= 1, `${dropped}`); // ping learns of it and tries again
    assert.equal(redirected, 2);
    const expected = {
      // What was asked of 2, 4 and 5.
      [`${TC}: TC_ACT_OK`]: 3 + 2 + 2,
      [`${TC}: TC_ACT_SHOT`]: dropped,
      [`${TC}: TC_ACT_REDIRECT`]: redirected,
      [`${ACTION}: TC_ACT_PIPE`]: redirected,
      // What came back.
      [`${XDP}: XDP_PASS`]: 3,
      [`${XDP}: XDP_DROP`]: 2,
      [`${ODD}: unknown verdict`]: 3,
      ...(showsNative ? { [`${NATIVE}: XDP_PASS`]: 3 + 2, [`${NATIVE}: XDP_DROP`]: 2 } : {}),
    };
    for (const [name, trace] of Object.entries({ followed, unfollowed })) {
      await t.step(name, async () => {
        const events = await trace.events();
        const ofPrograms = events.filter(({ module }) => module === "bpf");
        const counts = Object.fromEntries(
          Array.from(
            Map.groupBy(ofPrograms, (event) => event.function),
            ([name, all]) => [name, all.length],
          ),
        );
        assert.deepEqual(counts, expected);
        if (name === "followed") assertShotInBetween(events);
        assert(ofPrograms.every(({ is_return }) => !is_return));
        const { stderr } = trace;
        const [, its] = /functions with (\S+)\.$/m.exec(stderr)!;
        assert.match(stderr, new RegExp(`${events.length} events in .* ${noneLost(its)}`));
        assert.match(stderr, /^Attached to 3 tc programs\.\nAttached to 2 XDP programs\.$/m);
        assert.match(
          stderr,
          /^Not shown: tc program untyped_program \(id \d+\): its argument is no struct __sk_buff \*$/m,
        );
      });
    }
    const graph = await Deno.readTextFile(file);
    assert.match(graph, new RegExp(` bpf +/\\* ${TC}: TC_ACT_SHOT \\*/$`, "m"));
    assert.doesNotMatch(graph, /missing/);
  });
  await assertNothingLeft();
});
