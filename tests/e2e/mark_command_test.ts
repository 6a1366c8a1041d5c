/** `--mark-command`: what a command sends is traced, though it knows nothing of marks. */
import assert from "node:assert/strict";
import {
  assertNothingLeft,
  COMMAND,
  ipft,
  type JsonEvent,
  noneLost,
  run,
  shell,
  workingBackends,
} from "./ipft.ts";

const MARK = 0x3aa;
const [backend] = await workingBackends();
const traced = ["-m", String(MARK), "-b", backend, "-r", "^(ip|ipv6|tcp_v4)_rcv$", "-o", "json"];

/** The functions that the packets of a shell's commands went through. */
async function functionsOf(script: string, ...flags: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await ipft(...traced, ...flags, "--", "bash", "-euc", script);
  assert.equal(code, 0, stderr);
  assert.match(stderr, new RegExp(`${noneLost(backend)}$`, "m"));
  assert.doesNotMatch(stderr, /ended with/);
  const events: JsonEvent[] = stdout.split("\n").filter(Boolean).map((line) => JSON.parse(line));
  return events.map((event) => event.function);
}

async function assertNoCgroupLeft(): Promise<void> {
  assert.equal(await shell("find /sys/fs/cgroup -name 'ipft-*'"), "");
  await assertNothingLeft();
}

Deno.test("packets of any kind of IP socket are traced, and of no other", async () => {
  const ping = "ping -q -c 1 127.0.0.1";
  assert.deepEqual(await functionsOf(ping), []);
  assert.ok((await functionsOf(ping, "--mark-command")).includes("ip_rcv"));
  assert.ok((await functionsOf("ping -q -c 1 ::1", "--mark-command")).includes("ipv6_rcv"));
  const udp = await functionsOf("echo hello >/dev/udp/127.0.0.1/9", "--mark-command");
  assert.ok(udp.includes("ip_rcv"));
  const tcp = await functionsOf(
    "if echo hello >/dev/tcp/127.0.0.1/9; then exit 1; fi",
    "--mark-command",
  );
  assert.ok(tcp.includes("tcp_v4_rcv"));
  await assertNoCgroupLeft();
});

Deno.test("what others send meanwhile is not marked", async () => {
  const flood = "ping -q -c 20 -i 0.05 127.0.0.1";
  const [functions] = await Promise.all([functionsOf("sleep 2", "--mark-command"), shell(flood)]);
  assert.deepEqual(functions, []);
});

Deno.test("a process that the command leaves behind goes on, without its mark", async () => {
  const { code, stderr } = await ipft(
    ...traced,
    "--mark-command",
    "--",
    "bash",
    "-c",
    "sleep 9876 >/dev/null 2>&1 &",
  );
  assert.equal(code, 0, stderr);
  await assertNoCgroupLeft();
  const pid = (await shell("pgrep -f 'sleep 9876'")).trim();
  assert.doesNotMatch(await Deno.readTextFile(`/proc/${pid}/cgroup`), /ipft/);
  await shell(`kill ${pid}`);
});

Deno.test("cgroups that the command makes in its own go as well, their processes stay", async () => {
  const script = `
    own=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)
    mkdir "$own/a" "$own/a/b" "$own/c"
    sleep 9877 >/dev/null 2>&1 &
    echo $! >"$own/a/b/cgroup.procs"`;
  const { code, stderr } = await ipft(...traced, "--mark-command", "--", "bash", "-euc", script);
  assert.equal(code, 0, stderr);
  await assertNoCgroupLeft();
  const pid = (await shell("pgrep -f 'sleep 9877'")).trim();
  assert.doesNotMatch(await Deno.readTextFile(`/proc/${pid}/cgroup`), /ipft/);
  await shell(`kill ${pid}`);
});

Deno.test("the next start removes the cgroup of one that was killed, once nobody is in it", async () => {
  const script = `
    mkdir "/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)/nested"
    exec sleep 9878`;
  // Nobody waits for the end of its output, which the command has inherited.
  const killed = ipft(...traced, "--mark-command", "--", "bash", "-euc", script);
  const cgroups = () => shell("find /sys/fs/cgroup -name 'ipft-*'");
  while (!(await shell("find /sys/fs/cgroup -name nested")).trim()) await shell("sleep 0.1");
  const left = await cgroups();
  await shell(`kill -9 ${/ipft-(\d+)\n/.exec(left)![1]}`);
  assert.equal((await ipft(...traced, "--mark-command", "--", "true")).code, 0);
  assert.equal(await cgroups(), left, "its command still runs");
  await shell("pkill -f '^sleep 9878'");
  await killed;
  assert.equal((await ipft(...traced, "--mark-command", "--", "true")).code, 0);
  await assertNoCgroupLeft();
});

Deno.test("two at once mark their own commands only", async () => {
  const args = (mark: number, count: number) => [
    ..."-o json --mark-command -r ^ip_rcv$ -m".split(" "),
    ...[`${mark}`, "--", "ping", "-q", "-c", `${count}`, "-i", "0.2", "127.0.0.1"],
  ];
  const outputs = await Promise.all([ipft(...args(0x11, 3)), ipft(...args(0x12, 2))]);
  const counts = outputs.map(({ stdout }) => stdout.split("\n").filter(Boolean).length);
  assert.deepEqual(counts, [3, 2], outputs.map(({ stderr }) => stderr).join());
  await assertNoCgroupLeft();
});

Deno.test("where cgroups are not to be had, that is said before anything is attached", async () => {
  const script = 'umount /sys/fs/cgroup; exec "$@"';
  const args = [...COMMAND, ...traced, "--mark-command", "--", "true"];
  const { code, stderr } = await run("unshare", "-m", "bash", "-c", script, "bash", ...args);
  assert.equal(code, 1);
  assert.equal(
    stderr,
    "ipft: cgroup2 is not mounted; mount it: mount -t cgroup2 cgroup2 /sys/fs/cgroup\n",
  );
});
