import assert from "node:assert/strict";
import { TraceEnd } from "../../../lib/commands/trace_end.ts";

const NEVER = new AbortController().signal;

/** Resolves when the end is reached; fails after five seconds. */
function reached({ signal }: TraceEnd): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("the trace does not end")), 5000);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Runs a command until the trace ends with it; returns what was told. */
async function toldAfter(...command: string[]): Promise<string[]> {
  const told: string[] = [];
  await using end = new TraceEnd(NEVER, { command }, undefined, (message) => told.push(message));
  await reached(end);
  return told;
}

Deno.test("TraceEnd is reached by a signal, by its own call, and after its time", async () => {
  const outer = new AbortController();
  await using bySignal = new TraceEnd(outer.signal, {}, undefined, assert.fail);
  assert(!bySignal.signal.aborted);
  outer.abort();
  assert(bySignal.signal.aborted);

  await using byCall = new TraceEnd(NEVER, {}, undefined, assert.fail);
  byCall.reach();
  assert(byCall.signal.aborted);

  await using byTime = new TraceEnd(NEVER, { durationMs: 10 }, undefined, assert.fail);
  assert(!byTime.signal.aborted);
  await reached(byTime);
});

Deno.test("TraceEnd is reached with its command, and tells of one that fails", async () => {
  assert.deepEqual(await toldAfter("true"), []);
  assert.deepEqual(await toldAfter("false"), ["false ended with exit status 1"]);
  assert.deepEqual(await toldAfter("sh", "-c", "kill -9 $$"), ["sh was ended by SIGKILL"]);
});

Deno.test("TraceEnd runs its command with the arguments as they are", async () => {
  const file = await Deno.makeTempFile();
  await toldAfter("sh", "-c", 'printf "%s|" "$@" >"$0"', file, "a b", "$HOME", "*", "'\"");
  assert.equal(await Deno.readTextFile(file), "a b|$HOME|*|'\"|");
  await Deno.remove(file);
});

Deno.test("TraceEnd gives its command the environment that the launcher hides from Deno", async () => {
  const file = await Deno.makeTempFile();
  Deno.env.set("IPFT_USER_NAMES", " MINE");
  Deno.env.set("IPFT_USER_MINE", "a 'value'\n");
  try {
    await toldAfter("sh", "-c", 'printf "%s|" "$MINE" $(env | grep IPFT_USER) >"$0"', file);
    assert.equal(await Deno.readTextFile(file), "a 'value'\n|");
  } finally {
    for (const name of ["NAMES", "MINE"]) Deno.env.delete(`IPFT_USER_${name}`);
    await Deno.remove(file);
  }
});

Deno.test("TraceEnd puts its command into a cgroup before it runs", async () => {
  const processes = await Deno.makeTempFile();
  const file = await Deno.makeTempFile();
  const command = ["sh", "-c", `echo $$ >${file}`];
  await using end = new TraceEnd(NEVER, { command }, processes, assert.fail);
  await reached(end);
  assert.equal(await Deno.readTextFile(processes), await Deno.readTextFile(file));
  await Promise.all([processes, file].map((path) => Deno.remove(path)));
});

Deno.test("TraceEnd ends a command that outlives the trace, however it ignores that", async () => {
  const file = await Deno.makeTempFile();
  const ignoring = `trap '' TERM; sleep 300 & echo $! >${file}; sleep 300`;
  const orphan = `(trap '' TERM; exec sleep 300) & echo $! >${file}; sleep 300`;
  for (const command of [["sleep", "300"], ["sh", "-c", ignoring], ["sh", "-c", orphan]]) {
    const begin = performance.now();
    {
      await using end = new TraceEnd(NEVER, { command }, undefined, () => {});
      await new Promise((resolve) => setTimeout(resolve, 200));
      end.reach();
    }
    assert(performance.now() - begin < 1200, command.join(" "));
  }
  const pid = (await Deno.readTextFile(file)).trim();
  const state = async () => {
    const { stdout } = await new Deno.Command("ps", { args: ["-o", "stat=", "-p", pid] }).output();
    return new TextDecoder().decode(stdout);
  };
  const deadline = performance.now() + 5000;
  while (!/^(?:Z.*\n)?$/.test(await state())) {
    assert(performance.now() < deadline, `it has survived: ${await state()}`);
  }
  await Deno.remove(file);
});
