import { IpftError } from "../base/errors.ts";
import { printable } from "../base/printable.ts";
import type { TraceOptions } from "../cli/request.ts";
import type { End } from "./session.ts";

/** How long what a command sent last may still be on its way. */
const ARRIVAL_MS = 100;

/** How long a command may take to end when it is asked to. */
const TERMINATION_MS = 1000;

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
          `${processesPath ? JOIN : ""} exec "$@" >&2`,
          processesPath ?? "ipft",
          ...command,
        ],
        stdin: "inherit",
        stdout: "inherit",
        stderr: "inherit",
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

  /** Ends the command if it is still running. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child === undefined) return;
    child.kill("SIGTERM");
    const tooLong = new Promise((resolve) => setTimeout(resolve, TERMINATION_MS));
    await Promise.race([child.status, tooLong]);
  }
}
