/** The tools that are compared: how each is started, says that it is ready, and tells what it saw. */
import type { SkbFunction } from "../../../lib/kernel/skb_function.ts";
import { bpftraceCommand, bpftraceEvents } from "./bpftrace.ts";

/** What a tool is asked for. */
export interface Request {
  /** The mark of the packets to trace. */
  readonly mark: number;
  /** The file that gets the events. */
  readonly output: string;
}

/** What a tool has seen, of its own account. */
export interface Account {
  /** Events that reached the output. */
  readonly delivered: number;
  /** Events that happened, delivered or lost; undefined where the tool does not count them. */
  readonly hits?: number;
  /** Probe runs that the kernel skipped, of all packets; undefined where the tool does not tell. */
  readonly skipped?: number;
}

/** A tool, with the options it is measured with. */
export interface Tool {
  /** As the table shows it. */
  readonly name: string;
  command(request: Request): string[];
  /** What its stderr contains from the moment on when nothing is missed any more. */
  readonly ready: string;
  /** Finds in its stderr to how many functions it is attached. */
  readonly attached: RegExp;
  /** What it has seen, after its end. */
  account(stderr: string, output: string): Account;
  /**
   * How many events it has written so far: only of a tool that does not count what it loses, and that
   * writes nothing any more when it is stopped.
   */
  written?(output: string): number;
}

function ipftTool(options: readonly string[] = [], name = ["ipft", ...options].join(" ")): Tool {
  return {
    name,
    command: ({ mark, output }) => ["./ipft", "-m", `${mark}`, "-w", output, ...options],
    ready: "Trace ready!",
    attached: /Attached to (\d+) functions/,
    account: readSummary,
  };
}

function pwruTool(...options: string[]): Tool {
  return {
    name: ["pwru", ...options].join(" "),
    command: ({ mark, output }) => [
      "/mnt/extras/usr/bin/pwru",
      ...["--filter-mark", `${mark}`, "--output-file", output, ...options],
    ],
    ready: "Listening for events..",
    // Its progress bar: `12 / 1458 [--->`.
    attached: /\d+ \/ (\d+) \[/,
    account: (_stderr, output) => ({ delivered: pwruEvents(output) }),
    written: pwruEvents,
  };
}

/** ipft as most use it: the executable, all functions, `aggregate`. */
export const ipft = ipftTool();
/** ipft with live output, as pwru has it. */
export const ipftStream = ipftTool(["-o", "stream"]);
export const ipftGraph = ipftTool(["-t", "function_graph"]);
/** pwru as most use it: vmlinux only, the backend that it finds out itself. */
export const pwru = pwruTool();
/** Without finding out whether the kernel has kprobe-multi. */
export const pwruMulti = pwruTool("--backend", "kprobe-multi");

/** Shows the functions of events by name; attaches as `ipft` does, so it has its name. */
export const ipftJson = ipftTool(["-o", "json"], ipft.name);

/**
 * bpftrace, attached to some functions, and ipft, attached to the same ones.
 * @param what the functions are called in the tools' names
 */
export function toolsFor(functions: readonly SkbFunction[], what: string): [ipft: Tool, Tool] {
  const regex = namesRegex(functions.map(({ name }) => name)).source;
  const bpftrace: Tool = {
    name: `bpftrace ${what}`,
    command: ({ mark, output }) => bpftraceCommand(functions, mark, output),
    ready: " probes\n",
    attached: /Attached (\d+) probes/,
    account: (_stderr, output) => ({ delivered: bpftraceEvents(output) }),
    written: bpftraceEvents,
  };
  return [ipftTool(["-r", regex], `ipft -r ${what}`), bpftrace];
}

/** Matches these names only. */
export function namesRegex(names: readonly string[]): RegExp {
  return new RegExp(`^(${names.map((name) => name.replaceAll(".", "[.]")).join("|")})$`);
}

/** A program that does nothing, attached where ipft attaches. */
export const empty: Tool = {
  name: "empty program",
  command: () => [Deno.execPath(), "run", "-A", "--no-check", "tests/bench/vm/empty.ts"],
  ready: "ready",
  attached: /Attached to (\d+) functions/,
  account: () => ({ delivered: 0 }),
};

/** ipft's closing lines (lib/summary.ts). */
function readSummary(stderr: string): Account {
  const summary = /^(\d+) events? in .* s(?:, (\d+) lost of (\d+))?/m.exec(stderr);
  if (!summary) throw new Error(`ipft ended without a summary:\n${stderr}`);
  const delivered = Number(summary[1]);
  const skipped = /kernel skipped (\d+) probe runs/.exec(stderr)?.[1];
  return {
    delivered,
    hits: summary[3] === undefined ? delivered : Number(summary[3]),
    skipped: Number(skipped ?? 0),
  };
}

/** The lines of pwru's output without the header. */
function pwruEvents(path: string): number {
  const bytes = Deno.readFileSync(path);
  let count = -1;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count++;
  return count;
}
