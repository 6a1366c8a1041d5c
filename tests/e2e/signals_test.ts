/** One signal ends ipft soon, wherever it waits, and leaves nothing. Emulation makes all of it slower. */
import assert from "node:assert/strict";
import {
  assertNothingLeft,
  COMMAND,
  loaded,
  options,
  run,
  sendSignal,
  shell,
  Trace,
  workingBackends,
} from "./ipft.ts";

const backends = await workingBackends();

/** One second, where nothing is emulated. */
const END_MS = 15_000;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Starts ipft and sends it signals. Returns how it ended, how long that took from the first signal, and whether
 * it ran until that.
 */
async function interrupted(
  args: readonly string[],
  { afterMs, signal = "SIGINT", isReady }: {
    afterMs: number;
    signal?: Deno.Signal;
    isReady?: (stderr: string) => boolean | Promise<boolean>;
  },
): Promise<{ status: Deno.CommandStatus; stderr: string; ms: number; wasRunning: boolean }> {
  const child = new Deno.Command(COMMAND[0], {
    args: [...COMMAND.slice(1), ...args],
    cwd: new URL("../../", import.meta.url).pathname,
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let stderr = "";
  const reading = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) stderr += text;
  })();
  while (isReady !== undefined && !await isReady(stderr)) await sleep(10);
  await sleep(afterMs);
  const wasRunning = sendSignal(child, signal);
  const begin = performance.now();
  const again = setInterval(() => sendSignal(child, "SIGTERM"), 50);
  const status = await child.status;
  const ms = performance.now() - begin;
  clearInterval(again);
  await reading;
  return { status, stderr, ms, wasRunning };
}

Deno.test("a signal at any moment before the trace is ready ends ipft, and leaves nothing", async () => {
  await Deno.remove("/run/ipft", { recursive: true }).catch(() => {});
  // One by one, many functions take the kernel long to detach from: below.
  const args = ["-m", "1234", ...options(backends[0])];
  const times: string[] = [];
  for (let afterMs = 600, signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const, i = 0;; i++) {
    const signal = signals[i % signals.length];
    const { status, stderr, ms } = await interrupted(args, { afterMs, signal });
    times.push(`${afterMs}: ${Math.round(ms)} ms`);
    if (stderr.includes("Trace ready!")) break;
    // Before ipft listens, the signal itself ends it.
    if (status.signal === null) {
      assert.equal(status.code, 1, stderr);
      assert.match(stderr, /^ipft: interrupted before the trace was ready$/m);
    }
    assert(ms < END_MS, times.join(", "));
    afterMs += 1300;
  }
  console.log(`after ${times.join(", ")}`);
  await assertNothingLeft();
});

Deno.test("a signal ends ipft while the verifier looks at a long program", async () => {
  const args = ["-m", "1234", "-s", "tests/scripts/slow.lua", ...options(backends[0])];
  // Maps are made before programs are loaded, which takes minutes here.
  const isLoading = async () => (await loaded()).some((name) => name.startsWith("ipft_func"));
  const { status, stderr, ms } = await interrupted(args, { afterMs: 1000, isReady: isLoading });
  console.log(`while loading: ${Math.round(ms)} ms`);
  assert(ms < END_MS);
  assert.equal(status.code, 1, stderr);
  assert.match(stderr, /^ipft: interrupted before the trace was ready$/m);
  await assertNothingLeft();
});

Deno.test("a signal ends attaching one by one; more of them do not disturb detaching", async () => {
  const backend = backends.find((name) => name !== "kprobe-multi")!;
  const { status, stderr, ms } = await interrupted(["-m", "1234", "-b", backend], {
    afterMs: 500,
    isReady: (stderr) => stderr.includes("one by one"),
  });
  console.log(`${backend}: ${Math.round(ms)} ms`);
  assert.equal(status.code, 1, stderr);
  assert.match(stderr, /^Detaching…\nipft: interrupted before the trace was ready$/m);
  await assertNothingLeft();
});

Deno.test("a signal ends the command of a trace with all its processes, and the probe server", async () => {
  const command = `trap '' TERM INT HUP; sleep 7654 & sleep 7654`;
  const port = "13777";
  await using trace = await Trace.start(
    ...["-m", "1234", ...options(backends[0]), "--enable-probe-server"],
    ...["--probe-server-port", port, "--", "sh", "-c", command],
  );
  while ((await run("pgrep", "-xfc", "sleep 7654")).stdout.trim() !== "2") await sleep(50);
  const begin = performance.now();
  const { code, stderr } = await trace.stop("SIGTERM");
  assert.equal(code, 0, stderr);
  assert(performance.now() - begin < END_MS);
  await sleep(100);
  assert.equal((await run("pgrep", "-xf", "sleep 7654")).code, 1);
  await assert.rejects(Deno.connect({ port: Number(port) }), Deno.errors.ConnectionRefused);
});

Deno.test("ipft -l and ipft doctor leave no mount of tracefs when they are killed", async () => {
  await shell(
    "umount /sys/kernel/debug/tracing 2>/dev/null || true; umount /sys/kernel/debug || true",
  );
  await shell("umount /sys/kernel/tracing; rm -rf /run/ipft");
  try {
    for (const args of [["-l"], ["doctor"]]) {
      // Until it has ended by itself before the signal.
      for (let afterMs = 300, wasRunning = true; wasRunning; afterMs += 700) {
        const ended = await interrupted(args, { afterMs, signal: "SIGTERM" });
        const { status: { code, signal }, ms } = ended;
        assert(ended.wasRunning || afterMs > 300, `${args} ended before any signal`);
        assert(ms < END_MS, `${args} took ${ms} ms`);
        if (code !== 0) assert.equal(signal, "SIGTERM");
        assert.doesNotMatch(await shell("cat /proc/mounts"), / tracefs /);
        ({ wasRunning } = ended);
      }
    }
  } finally {
    await shell("mount -t tracefs t /sys/kernel/tracing; mount -t debugfs d /sys/kernel/debug");
  }
});
