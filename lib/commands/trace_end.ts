import { restoreEnvironment } from "../base/environment.ts";
import { IpftError } from "../base/errors.ts";
import { printable } from "../base/printable.ts";
import type { TraceOptions } from "../cli/request.ts";
import { sendSignal } from "../ffi/process_group.ts";
import type { End } from "./session.ts";

/** How long what a command sent last may still be on its way. */
const ARRIVAL_MS = 100;

/** How long a command may take to end when it is asked to, and how often ipft looks. */
const TERMINATION_MS = 500, LOOK_MS = 20;

/** Joins a cgroup: `$0` is the file that lists its processes. */
const JOIN = 'echo $$ >"$0" || exit;';

/**
 * Ends a trace that is ready: at a signal to ipft, after its time, or with the command that it runs.
 * Standard output belongs to the trace, so what the command prints there goes to standard error.
 */
export class TraceEnd implements End {
  readonly signal: AbortSignal;
  readonly #own = new AbortController();
  #timer?: ReturnType<typeof setTimeout>;
  /**
   * Whether the command has a session of its own, so that all its processes can be ended together. On a
   * terminal it has not: it must get Ctrl-C, and may ask for a password there.
   */
  readonly #isDetached = !Deno.stdin.isTerminal();
  #child?: Deno.ChildProcess;

  /**
   * Runs the command.
   * @param outer ends the trace as well
   * @param processesPath lists the processes of the cgroup to run in; undefined for ipft's own cgroup
   * @param tell called when the command fails
   * @throws IpftError when it cannot be run
   */
  constructor(
    outer: AbortSignal,
    { durationMs, command }: Pick<TraceOptions, "durationMs" | "command">,
    processesPath: string | undefined,
    tell: (message: string) => void,
  ) {
    this.signal = AbortSignal.any([outer, this.#own.signal]);
    if (durationMs !== undefined) this.#abortIn(durationMs);
    if (command === undefined) return;
    try {
      this.#child = new Deno.Command("/bin/sh", {
        // The shell joins the cgroup, redirects and becomes the command.
        args: [
          "-c",
          `${processesPath ? JOIN : ""} ${restoreEnvironment()} exec "$@" >&2`,
          processesPath ?? "ipft",
          ...command,
        ],
        stdin: "inherit",
        stdout: "inherit",
        stderr: "inherit",
        detached: this.#isDetached,
      }).spawn();
    } catch (error) {
      throw new IpftError(`cannot run ${command[0]}: ${(error as Error).message}`);
    }
    this.#child.status.then(({ code, signal }) => {
      this.#child = undefined;
      const name = printable(command[0]);
      if (signal !== null) tell(`${name} was ended by ${signal}`);
      else if (code !== 0) tell(`${name} ended with exit status ${code}`);
      this.#abortIn(ARRIVAL_MS);
    });
  }

  reach(): void {
    this.#own.abort();
  }

  #abortIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#own.abort(), ms);
  }

  /** Ends the command if it is still running, and whatever it has started. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child === undefined) return;
    const target = this.#isDetached ? -child.pid : child.pid;
    const deadline = performance.now() + TERMINATION_MS;
    sendSignal(target, "SIGTERM");
    while (sendSignal(target, "none") && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    sendSignal(target, "SIGKILL");
    clearTimeout(this.#timer); // the command's end has set it again
  }
}
