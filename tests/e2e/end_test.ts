import assert from "node:assert/strict";
import {
  assertNothingLeft,
  FEW,
  ipft,
  ipftCommandLine,
  loaded,
  noneLost,
  options,
  ping,
  run,
  shell,
  Trace,
  workingBackends,
} from "./ipft.ts";

const backends = await workingBackends();
const few = options(backends[0]);

Deno.test("ipft leaves nothing in the kernel when it is killed, whatever the backend", async () => {
  await using stack = new AsyncDisposableStack();
  const traces = await Promise.all(
    backends.map(async (backend) =>
      stack.use(await Trace.start("-m", "1234", "-b", backend, ...FEW))
    ),
  );
  assert((await loaded()).length > 0, "nothing to leave");
  for (const trace of traces) {
    const { code } = await trace.stop("SIGKILL");
    assert.equal(code, 137);
  }
  await assertNothingLeft();
});

Deno.test("ipft prints one block per packet, in order of time, however often it is told to end", async () => {
  await using trace = await Trace.start("-m", "1234", ...few);
  await ping(1234, "-c", "3", "-i", "0.2");
  trace.kill("SIGINT");
  for (let times = 0; times < 20; times++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (!trace.kill(times % 2 ? "SIGTERM" : "SIGINT")) break;
  }
  const { code, stdout, stderr } = await trace.finished();
  assert.equal(code, 0, stderr);
  const [header, ...lines] = stdout.trimEnd().split("\n");
  assert.match(header, /^ *Timestamp +CPU +Packet +Module +Function$/);
  const blocks = lines.join("\n").split("\n===\n").map((block) => block.split("\n"));
  const rows = blocks.map((block) =>
    block.map((line) => {
      const row = line.match(/^ *(\d+) +\d+ +\d+ +vmlinux +([\w.]+)$/);
      assert(row, line);
      return { timestamp: BigInt(row[1]), name: row[2] };
    })
  );
  const times = rows.flat().map(({ timestamp }) => timestamp);
  assert.deepEqual(times, times.toSorted((a, b) => Number(a - b)));
  assert.equal(blocks.length, 3);
  assert.equal(rows.flat().filter(({ name }) => name === "icmp_rcv").length, 3);
  await assertNothingLeft();
});

Deno.test("ipft ends when nobody reads its output any more, also without packets", async () => {
  const stderr = await Deno.makeTempFile();
  const { code, stdout } = await run(
    "bash",
    "-c",
    `set -o pipefail
     ${ipftCommandLine("-m", "1234", "-o", "stream", ...few)} 2>${stderr} | (
       until grep -q 'Trace ready' ${stderr}; do sleep 0.1; done
       ping -q -c 1 -m 1234 127.0.0.1 >/dev/null
       head -2
     )`,
  );
  assert.equal(code, 0, await Deno.readTextFile(stderr));
  assert.equal(stdout.trimEnd().split("\n").length, 2);
  await assertNothingLeft();
});

Deno.test("ipft says that its output is full, and leaves nothing", async () => {
  const { stderr } = await run(
    "bash",
    "-c",
    `${ipftCommandLine("-m", "1234", "-o", "json", ...few)} >/dev/full & ipft=$!
     for i in $(seq 50); do sleep 0.2; ping -q -c 1 -m 1234 127.0.0.1 >/dev/null
       kill -0 $ipft || break; done
     wait $ipft; echo "exit status $?" >&2`,
  );
  assert.match(
    stderr,
    /^ipft: cannot write to standard output: ENOSPC \(no space left\); send it where/m,
  );
  assert.match(stderr, /^exit status 1$/m);
  assert.doesNotMatch(stderr, /^ +at /m, "no stack trace");
  await assertNothingLeft();
});

Deno.test("two ipft at once see their own marks only, and print nothing for no packet", async () => {
  const started = await Promise.all([1, 2].map((mark) => Trace.start("-m", String(mark), ...few)));
  await using one = started[0];
  await using two = started[1];
  await ping(1, "-c", "2", "-i", "0.2");
  const [first, second] = await Promise.all([one.stop(), two.stop("SIGTERM")]);
  assert.equal(first.stdout.match(/ icmp_rcv$/gm)?.length, 2);
  assert.equal(second.code, 0);
  assert.equal(second.stdout, "");
  assert.match(second.stderr, new RegExp(`^0 events in .*, ${noneLost(backends[0])}$`, "m"));
});

Deno.test("ipft mounts tracefs where it is missing, and unmounts it again", async () => {
  const isMounted = async () =>
    / \/sys\/kernel\/tracing tracefs /.test(await shell("cat /proc/mounts"));
  await shell(
    "umount /sys/kernel/debug/tracing 2>/dev/null || true; umount /sys/kernel/debug || true",
  );
  await shell("umount /sys/kernel/tracing");
  try {
    const { code, stdout, stderr } = await ipft("-l", "--regex", "^ip_rcv$");
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "ip_rcv\n");
    assert.equal(await isMounted(), false);
  } finally {
    await shell("mount -t tracefs t /sys/kernel/tracing; mount -t debugfs d /sys/kernel/debug");
  }
});
