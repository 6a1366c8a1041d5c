/** One signal ends ipft within a second, wherever it waits, and nothing stays behind. */
import assert from "node:assert/strict";
import { join } from "node:path";

const MAIN = new URL("../../../main.ts", import.meta.url).pathname;

/** How long ipft may take to end, and its start to reach the wait. */
const END_MS = 1000, START_MS = 20_000;

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + START_MS;
  while (!await holds()) {
    assert(performance.now() < deadline, `${what} did not come`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Whether ipft would end in its own way at SIGHUP, which Deno leaves alone. */
function listens(pid: number): boolean {
  const SIGHUP_BIT = 1n;
  const caught = /^SigCgt:\s+(\w+)/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1];
  return (BigInt(`0x${caught}`) & SIGHUP_BIT) !== 0n;
}

/** Whether a process has the file open. */
function hasOpen(pid: number, path: string): boolean {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].some(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/${pid}/fd/${name}`) === path;
    } catch {
      return false; // closed meanwhile
    }
  });
}

/** What is running whose command line has the text. */
async function running(text: string): Promise<string[]> {
  const { stdout } = await new Deno.Command("ps", { args: ["-eo", "pid,stat,args"] }).output();
  return new TextDecoder().decode(stdout).split("\n")
    .filter((line) => line.includes(text) && !/^ *\d+ Z/.test(line));
}

interface Wait {
  /** The arguments of ipft. */
  readonly args: readonly string[];
  readonly env?: Record<string, string>;
  /** Whether ipft has come to where it waits. */
  readonly waits: (pid: number) => boolean;
  /** How it ends: with this status, or by the signal itself. */
  readonly code: number | "signal";
}

/** Starts ipft, sends the signal once it waits, and checks how it ends. */
async function assertEnds({ args, env, waits, code }: Wait, signal: Deno.Signal): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", MAIN, ...args],
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  try {
    await until(args.join(" "), () => waits(child.pid));
    await new Promise((resolve) => setTimeout(resolve, 100));
    child.kill(signal);
    const begin = performance.now();
    const status = await child.status;
    const ms = performance.now() - begin;
    const stderr = new TextDecoder().decode((await output).stderr);
    assert(ms < END_MS, `${args.join(" ")}: ${signal} took ${ms} ms`);
    if (code === "signal") return assert.equal(status.signal, signal);
    assert.equal(status.code, code, stderr);
    assert.match(stderr, /^ipft: interrupted before the trace was ready$/m);
  } finally {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await output;
  }
}

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "ipft-signals-" });
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function namedPipe(path: string): Promise<string> {
  assert((await new Deno.Command("mkfifo", { args: [path] }).output()).success);
  return path;
}

Deno.test("a signal ends ipft while it waits for the other end of a named pipe", async () => {
  await inFolder(async (folder) => {
    const [results, script, object] = await Promise.all(
      ["results", "script.lua", "extension.o"].map((name) => namedPipe(join(folder, name))),
    );
    await Promise.all([
      assertEnds({ args: ["-m", "1", "-w", results], waits: listens, code: 1 }, "SIGINT"),
      assertEnds({
        args: ["-m", "1", "-s", script],
        waits: (pid) => hasOpen(pid, script),
        code: 1,
      }, "SIGTERM"),
      assertEnds({
        args: ["-m", "1", "-e", object],
        waits: (pid) => hasOpen(pid, object),
        code: 1,
      }, "SIGHUP"),
      assertEnds({
        args: ["lua", script],
        waits: (pid) => hasOpen(pid, script),
        code: "signal",
      }, "SIGINT"),
    ]);
  });
});

Deno.test("a signal ends ipft and its compiler with everything that belongs to it", async () => {
  await Promise.all(
    (["SIGINT", "SIGTERM", "SIGHUP"] as const).map((signal) =>
      inFolder(async (folder) => {
        const mark = crypto.randomUUID();
        const source = join(folder, "slow.c"), compiler = join(folder, "compiler");
        const temporary = join(folder, "tmp");
        await Deno.mkdir(temporary);
        await Deno.writeTextFile(source, "int nothing;\n");
        // Ignores all signals that can be ignored, as its child does, and leaves temporary files.
        const script = `#!/bin/sh
        trap '' INT TERM HUP
        mktemp >/dev/null
        sh -c 'mktemp >/dev/null; sleep 300; : ${mark}' &
        touch ${join(folder, "started")}
        sleep 300; : ${mark}`;
        await Deno.writeTextFile(compiler, script, { mode: 0o755 });
        await assertEnds({
          args: ["-m", "1", "-e", source],
          env: { CC: compiler, CFLAGS: mark, TMPDIR: temporary },
          waits: () => [...Deno.readDirSync(folder)].some(({ name }) => name === "started"),
          code: 1,
        }, signal);
        await until("the end of the compiler", async () => (await running(mark)).length === 0);
        assert.deepEqual([...Deno.readDirSync(temporary)], []);
      })
    ),
  );
});

Deno.test("expressions that backtrack elsewhere do not keep ipft busy", async () => {
  const begin = performance.now();
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", MAIN, "-m", "1", "-r", "(a+)+(?=b)"],
  }).output();
  assert.equal(code, 2);
  assert.match(
    new TextDecoder().decode(stderr),
    /^ipft: --regex '\(a\+\)\+\(\?=b\)' is not a regular/,
  );
  assert(performance.now() - begin < START_MS);
});
