/** What is the same on any machine: this process has a namespace, the loopback device is called lo. */
import assert from "node:assert/strict";
import { type CompiledRequest, openFilter } from "../../../lib/filter/open_filter.ts";

/** The filter that a request becomes, and what its user is told. */
function opened(request: CompiledRequest) {
  const told: string[] = [];
  using open = openFilter(request, (message) => told.push(message));
  const given = Object.entries(open.filter).filter(([, value]) => value !== undefined);
  return { filter: Object.fromEntries(given), told };
}

const own = Number(/\d+/.exec(Deno.readLinkSync("/proc/self/ns/net"))![0]);

const thread = Array.from(Deno.readDirSync("/proc/self/task"), ({ name }) => Number(name))
  .find((id) => id !== Deno.pid)!;

Deno.test("openFilter keeps what needs no lookup, and has no condition where there is none", () => {
  const mark = { value: 1, mask: 3 };
  assert.deepEqual(opened({ mark }), { filter: { mark }, told: [] });
  assert.deepEqual(opened({}), { filter: {}, told: [] });
});

Deno.test("openFilter finds a namespace by any of its names", () => {
  for (const netns of ["self", `pid:${Deno.pid}`, `/proc/${Deno.pid}/ns/net`, `${own}`]) {
    assert.deepEqual(opened({ netns }).filter, { netns: own }, netns);
  }
});

Deno.test("openFilter holds namespaces open until it is disposed of", () => {
  const links = () =>
    [...Deno.readDirSync("/proc/self/fd")].filter(({ name }) => {
      try {
        return Deno.readLinkSync(`/proc/self/fd/${name}`) === `net:[${own}]`;
      } catch {
        return false; // that of the directory itself
      }
    }).length;
  const before = links();
  const open = openFilter({ netns: "self", ifname: "lo@self" }, assert.fail);
  assert.equal(links(), before + 2);
  open[Symbol.dispose]();
  assert.equal(links(), before);
  assert.throws(() => opened({ netns: "self", ifname: "" }));
  assert.equal(links(), before);
});

Deno.test("openFilter tells of an interface that there is not yet", () => {
  assert.deepEqual(opened({ ifname: "lo" }), { filter: { ifname: "lo" }, told: [] });
  assert.deepEqual(opened({ ifname: "nosuch0" }), {
    filter: { ifname: "nosuch0" },
    told: ["no interface nosuch0 here yet: waiting for it, here and in other namespaces"],
  });
});

Deno.test("openFilter takes a process by its id, and any name for one", () => {
  for (const process of [{ pid: Deno.pid }, { comm: "nosuch" }, { pid: 1, comm: "nosuch" }]) {
    assert.deepEqual(opened({ process }), { filter: { process }, told: [] });
  }
});

Deno.test("openFilter says in one line what cannot be found", () => {
  const netns = "give a name that ip netns list shows, a path, pid:N, an inode number or self";
  const ifname = "give IF or IF@NS";
  const long = "the name is longer than 15 bytes; give the name that ip link shows first";
  const messages: readonly [CompiledRequest, string][] = [
    [{ netns: "nosuch" }, `--netns 'nosuch': there is no such network namespace; ${netns}`],
    [{ netns: "12" }, `--netns '12': there is no such network namespace; ${netns}`],
    [{ netns: "/no/such" }, `--netns '/no/such': there is no such network namespace; ${netns}`],
    [{ netns: "/dev/null" }, `--netns '/dev/null' is not a network namespace; ${netns}`],
    [
      { netns: "/proc/self/ns/uts" },
      `--netns '/proc/self/ns/uts' is not a network namespace; ${netns}`,
    ],
    [{ netns: "pid:99999999" }, `--netns 'pid:99999999': there is no process 99999999; ${netns}`],
    [{ netns: "pid:x" }, `--netns 'pid:x': there is no such network namespace; ${netns}`],
    [
      { netns: "4294967295" },
      `--netns 4294967295: no process is in it, and it is mounted nowhere; ${netns}`,
    ],
    [
      { process: { pid: 4194305 } },
      "--pid 4194305: there is no such process; give an id that ps -e shows",
    ],
    [
      { process: { pid: thread } },
      `--pid ${thread} is a thread of process ${Deno.pid}; give --pid ${Deno.pid}`,
    ],
    [{ process: { comm: "" } }, "--comm without a name; give one that ps -o comm shows"],
    [{ ifname: "" }, `--ifname '' is not the name of an interface; ${ifname}`],
    [{ ifname: "@self" }, `--ifname '@self' is not the name of an interface; ${ifname}`],
    [{ ifname: "eth0@" }, `--ifname 'eth0@' is not the name of an interface; ${ifname}`],
    [{ ifname: "a/b" }, `--ifname 'a/b' is not the name of an interface; ${ifname}`],
    [{ ifname: "a b" }, `--ifname 'a b' is not the name of an interface; ${ifname}`],
    [{ ifname: "abcdefghijklmnop" }, `--ifname 'abcdefghijklmnop': ${long}`],
    [{ ifname: "éééééééé@self" }, `--ifname 'éééééééé@self': ${long}`],
    [{ ifname: "lo@if5" }, `--ifname 'if5': there is no such network namespace; ${netns}`],
  ];
  for (const [request, message] of messages) {
    const expected = { name: "IpftError", exitCode: 2, message };
    assert.throws(() => openFilter(request, assert.fail), expected, JSON.stringify(request));
  }
});
