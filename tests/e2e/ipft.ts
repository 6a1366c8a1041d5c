/** ipft as its users run it: a process of its own, on this machine's kernel, as root. */
import assert from "node:assert/strict";

const CHECKOUT = new URL("../../", import.meta.url).pathname;

/** How ipft is started; `IPFT=./ipft` tries the executable. */
export const COMMAND = Deno.env.get("IPFT")?.split(" ") ??
  [Deno.execPath(), "run", "-A", "main.ts"];

/** A start takes seconds in an emulated guest, and one-by-one attaching many of them. */
const READY_TIMEOUT_MS = 120_000;

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One line of `-o json`. */
export interface JsonEvent {
  packet_id: string;
  packet?: number;
  timestamp: number;
  processor_id: number;
  module: string;
  function: string;
  is_return: boolean;
}

/** A command's output and exit status; it runs in the checkout. */
export async function run(command: string, ...args: string[]): Promise<Finished> {
  const { code, stdout, stderr } = await new Deno.Command(command, { args, cwd: CHECKOUT })
    .output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** The output of a shell command that must succeed. */
export async function shell(script: string): Promise<string> {
  const { code, stdout, stderr } = await run("bash", "-euc", script);
  assert.equal(code, 0, `${script}: ${stderr}`);
  return stdout;
}

/** `ipft` to its end. */
export async function ipft(...args: string[]): Promise<Finished> {
  return await run(COMMAND[0], ...COMMAND.slice(1), ...args);
}

/** How a shell starts `ipft` with these arguments. */
export function ipftCommandLine(...args: string[]): string {
  return [...COMMAND, ...args].map((word) => `'${word}'`).join(" ");
}

/** Returns false when the process has ended. */
export function sendSignal(child: Deno.ChildProcess, signal: Deno.Signal): boolean {
  try {
    child.kill(signal);
    return true;
  } catch {
    return false;
  }
}

/** A running trace. Disposing it makes sure that none survives a failed test. */
export class Trace implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #stdout: Promise<string>;
  readonly #stderrDone: Promise<void>;
  #stderr = "";
  #isOver = false;

  private constructor(args: string[]) {
    this.#child = new Deno.Command(COMMAND[0], {
      args: [...COMMAND.slice(1), ...args],
      cwd: CHECKOUT,
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#stdout = new Response(this.#child.stdout).text();
    this.#stderrDone = this.#collectStderr();
  }

  /** Resolves once the trace is ready. */
  static async start(...args: string[]): Promise<Trace> {
    const trace = new Trace(args);
    const deadline = performance.now() + READY_TIMEOUT_MS;
    while (!trace.stderr.includes("Trace ready!")) {
      assert(performance.now() < deadline, `not ready in time: ${trace.stderr}`);
      assert(!trace.#isOver, `ended before it was ready: ${trace.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return trace;
  }

  get pid(): number {
    return this.#child.pid;
  }

  get stderr(): string {
    return this.#stderr;
  }

  /** Returns false when the trace has ended. */
  kill(signal: Deno.Signal): boolean {
    return sendSignal(this.#child, signal);
  }

  /** Ends the trace with a signal and waits for it. */
  async stop(signal: Deno.Signal = "SIGINT"): Promise<Finished> {
    this.kill(signal);
    return await this.finished();
  }

  async finished(): Promise<Finished> {
    const { code } = await this.#child.status;
    const stdout = await this.#stdout;
    await this.#stderrDone;
    this.#isOver = true;
    return { code, stdout, stderr: this.#stderr };
  }

  /** Stops a `-o json` trace; its events, each of which fits the schema. */
  async events(): Promise<JsonEvent[]> {
    const { code, stdout, stderr } = await this.stop();
    assert.equal(code, 0, stderr);
    const { parseEvents } = await import("../support/json_schema.ts"); // not every test has JSON
    return parseEvents(stdout) as JsonEvent[];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOver) await this.stop("SIGKILL");
  }

  async #collectStderr(): Promise<void> {
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      this.#stderr += text;
    }
    this.#isOver = true;
  }
}

/** Echo requests to the loopback address, their sockets marked with `mark`; none for 0. */
export async function ping(mark: number, ...options: string[]): Promise<void> {
  const marked = mark === 0 ? [] : ["-m", String(mark)];
  const { code, stderr } = await run("ping", "-q", ...marked, ...options, "127.0.0.1");
  assert.equal(code, 0, stderr);
}

/** The backends that the running kernel has the functions for, best first. */
export async function workingBackends(): Promise<string[]> {
  const symbols = await Deno.readTextFile("/proc/kallsyms");
  const needs = {
    "kprobe-multi": "register_fprobe",
    kprobe: "register_kprobe",
    ftrace: "register_ftrace_direct",
  };
  return Object.entries(needs)
    .filter(([, symbol]) => new RegExp(` T ${symbol}\\b`).test(symbols))
    .map(([backend]) => backend);
}

/** Whether the running kernel is at least `major.minor`. */
export function isKernel(major: number, minor: number): boolean {
  const [thisMajor, thisMinor] = Deno.osRelease().split(".").map(Number);
  return thisMajor > major || (thisMajor === major && thisMinor >= minor);
}

/** Whether the running kernel counts the probe runs that it skips. */
export function countsSkipped(backend: string): boolean {
  return isKernel(6, 7) || backend === "ftrace";
}

/** Matches the end of a summary that knows of no event that is missing. */
export function noneLost(backend: string): string {
  const skipped = "; this kernel does not count the probe runs that it skips";
  return `none lost${countsSkipped(backend) ? "" : skipped}\\.`;
}

/**
 * Few enough functions for the backends that attach one by one, and enough to see a packet leave,
 * arrive and be freed.
 */
export const FEW = [
  "--regex",
  "^(ip_output|dev_hard_start_xmit|ip_rcv|ip_local_deliver|icmp_rcv|consume_skb|kfree_skbmem)$",
];

/** The options to trace with a backend: all functions where that is quick. */
export function options(backend: string): string[] {
  return ["-b", backend, ...(backend === "kprobe-multi" ? [] : FEW)];
}

/** Waits for the kernel to take away what a process held; nothing of ipft may stay. */
export async function assertNothingLeft(): Promise<void> {
  const deadline = performance.now() + 30_000;
  let names = await loaded();
  while (names.length > 0 && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    names = await loaded();
  }
  assert.deepEqual(names, []);
  assert.equal(await Deno.readTextFile("/sys/kernel/tracing/enabled_functions"), "");
}

/** The names of what bpftool shows of ipft's programs, links and maps. */
export async function loaded(): Promise<string[]> {
  const names = await shell("for kind in prog link map; do bpftool -j $kind list; done");
  return [...names.matchAll(/"name":"(ipft[^"]*)"/g)].map(([, name]) => name);
}
