import { IpftError } from "../base/errors.ts";
import type { TraceOptions } from "../cli/request.ts";

/** What a command has sent at its end may still be on its way for this long. */
const ARRIVAL_MS = 100;

/** A command that is asked to end has this long. */
const TERMINATION_MS = 1000;

/** `$0` is the list of a cgroup's processes. */
const JOIN = 'echo $$ >"$0" || exit;';

/**
 * What ends a trace that is ready: a signal to ipft, its time, or the end of the command that it was to
 * run. What that prints to standard output, which is the trace's, goes to standard error.
 */
export class TraceEnd implements AsyncDisposable {
  readonly signal: AbortSignal;
  readonly #own = new AbortController();
  #timer?: ReturnType<typeof setTimeout>;
  #child?: Deno.ChildProcess;

  /**
   * Runs the command.
   * @param outer ends the trace, too
   * @param processesPath of the cgroup that the command is to run in; undefined for ipft's own
   * @param tell told how the command ended, unless it went well
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
      if (signal !== null) tell(`${command[0]} was ended by ${signal}`);
      else if (code !== 0) tell(`${command[0]} ended with exit status ${code}`);
      this.#abortIn(ARRIVAL_MS);
    });
  }

  /** Ends the trace. */
  reach(): void {
    this.#own.abort();
  }

  #abortIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#own.abort(), ms);
  }

  /** Ends the command where the trace has ended before it. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child === undefined) return;
    child.kill("SIGTERM");
    const tooLong = new Promise((resolve) => setTimeout(resolve, TERMINATION_MS));
    await Promise.race([child.status, tooLong]);
  }
}
