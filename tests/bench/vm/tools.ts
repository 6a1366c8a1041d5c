/** The tools to compare: how to start each, and how it says that it is ready and what it has seen. */
import type { SkbFunction } from "../../../lib/kernel/skb_function.ts";
import { bpftraceCommand, bpftraceEvents } from "./bpftrace.ts";

/** What to trace, and where to write it. */
export interface Request {
  /** The mark of the packets to trace, for tools that trace by mark. */
  readonly mark: number;
  /** The file to write the events to. */
  readonly output: string;
}

/** What a tool has seen, by its own account. */
export interface Account {
  /** Events that reached the output. */
  readonly delivered: number;
  /** Events that happened, delivered or lost; undefined when the tool does not count them. */
  readonly hits?: number;
  /** Probe runs that the kernel skipped, for all packets; undefined when the tool does not say. */
  readonly skipped?: number;
}

/** A tool, and the options to measure it with. */
export interface Tool {
  /** The name in the table. */
  readonly name: string;
  command(request: Request): string[];
  /** What it prints to stderr once it misses nothing. */
  readonly ready: string;
  /** Matches the number of attached functions in its stderr. */
  readonly attached: RegExp;
  /** Returns what it has seen. Call it when the tool has ended. */
  account(stderr: string, output: string): Account;
  /**
   * Counts the events that it has written so far. Only a tool that does not count its losses, and that
   * writes nothing more when stopped, has this.
   */
  written?(output: string): number;
}

/** @param expression what to trace instead of the packets with a mark */
function ipftTool(
  options: readonly string[] = [],
  name = ["ipft", ...options].join(" "),
  expression?: string,
): Tool {
  return {
    name,
    command: ({ mark, output }) => [
      ...["./ipft", "-w", output, ...options],
      ...(expression === undefined ? ["-m", `${mark}`] : [expression]),
    ],
    ready: "Trace ready!",
    attached: /Attached to (\d+) functions?/,
    account: readSummary,
  };
}

/** @param expression what to trace instead of the packets with a mark */
function pwruTool(
  options: readonly string[] = [],
  name = ["pwru", ...options].join(" "),
  expression?: string,
): Tool {
  return {
    name,
    command: ({ mark, output }) => [
      ...["/mnt/extras/usr/bin/pwru", "--output-file", output, ...options],
      ...(expression === undefined ? ["--filter-mark", `${mark}`] : [expression]),
    ],
    ready: "Listening for events..",
    // Its progress bar: `12 / 1458 [--->`.
    attached: /\d+ \/ (\d+) \[/,
    account: (_stderr, output) => ({ delivered: pwruEvents(output) }),
    written: pwruEvents,
  };
}

/** ipft as most people use it: the executable, all functions, `aggregate`. */
export const ipft = ipftTool();
/** ipft with live output, as pwru has it. */
export const ipftStream = ipftTool(["-o", "stream"]);
export const ipftGraph = ipftTool(["-t", "function_graph"]);
/** pwru as most people use it: vmlinux only, with the backend that it detects itself. */
export const pwru = pwruTool();
/** pwru with kprobe-multi, whose detection takes it a while. */
export const pwruMulti = pwruTool(["--backend", "kprobe-multi"]);

/** ipft when it tells packets apart by their addresses. */
export const ipftAlone = ipftTool(["--no-follow"]);
/** pwru when it follows packets. */
export const pwruTracking = pwruTool(["--filter-track-skb"]);

/** Returns ipft and pwru, both tracing what matches an expression and not what has a mark. */
export function toolsWith(expression: string): [ipft: Tool, pwru: Tool] {
  return [
    ipftTool([], `ipft '${expression}'`, expression),
    pwruTool([], `pwru '${expression}'`, expression),
  ];
}

/** Names the functions of events. It attaches as `ipft` does, so it goes by the same name. */
export const ipftJson = ipftTool(["-o", "json"], ipft.name);

/**
 * Returns ipft and bpftrace, both attached to these functions.
 * @param what what the tools' names call the functions
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

/** Returns an expression that matches exactly these names. */
export function namesRegex(names: readonly string[]): RegExp {
  return new RegExp(`^(${names.map((name) => name.replaceAll(".", "[.]")).join("|")})$`);
}

/** A program of our own, attached to the functions that ipft attaches to. */
function bareTool(name: string, object: string, program: string): Tool {
  const script = "tests/bench/vm/bare.ts";
  return {
    name,
    command: () => [Deno.execPath(), "run", "-A", "--no-check", script, object, program],
    ready: "ready",
    attached: /Attached to (\d+) functions/,
    account: () => ({ delivered: 0 }),
  };
}

/** Does nothing. */
export const empty = bareTool("empty program", "empty.bpf.o", "empty");
/** Reserves and submits the 24 bytes of a record at each run. */
export const submit = bareTool("record that says nothing", "submit.bpf.o", "submit");
/** Also fills them: time, function, thread, CPU. */
export const filled = bareTool("record that is filled", "submit.bpf.o", "fill");

/** Reads the summary that ipft ends with (lib/terminal/summary.ts). */
function readSummary(stderr: string): Account {
  const summary = /^(\d+) events? in .* s(?:, (\d+) lost of (\d+))?/m.exec(stderr);
  if (!summary) throw new Error(`ipft ended without a summary:\n${stderr}`);
  const delivered = Number(summary[1]);
  const skipped = /kernel skipped (\d+) probe runs?/.exec(stderr)?.[1];
  return {
    delivered,
    hits: summary[3] === undefined ? delivered : Number(summary[3]),
    skipped: Number(skipped ?? 0),
  };
}

/** Counts the lines of pwru's output without the header. */
function pwruEvents(path: string): number {
  const bytes = Deno.readFileSync(path);
  let count = -1;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count++;
  return count;
}
