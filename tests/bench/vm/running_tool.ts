import { bpfProgramIds, BpfStats } from "./bpf_stats.ts";
import type { Account, Tool } from "./tools.ts";

/** Limit for the time that a tool takes to get ready. */
const READY_TIMEOUT_MS = 120_000;
/** The output of a tool is complete when it has not grown for this long. */
const SETTLED_MS = 500;

/** The number of functions that each tool attached to, by its name. */
export const attachedFunctions: Record<string, number> = {};

/** A tool that is tracing. Disposing it ends the tool. */
export class RunningTool implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #output: string;
  readonly #stderrDone: Promise<void>;
  readonly #ready = Promise.withResolvers<void>();
  #stderr = "";
  #isOver = false;
  /** The time from just before its process was created to the line that says that it is ready. */
  readyMs = NaN;
  /** Its programs, and how often they ran. */
  stats!: BpfStats;

  private constructor(readonly tool: Tool, mark: number) {
    this.#output = Deno.makeTempFileSync({ prefix: "bench-" });
    const [program, ...args] = tool.command({ mark, output: this.#output });
    this.#child = new Deno.Command(program, { args, stdout: "null", stderr: "piped" }).spawn();
    this.#stderrDone = this.#collectStderr();
  }

  /** Starts a tool and waits until it is ready. */
  static async start(tool: Tool, mark: number): Promise<RunningTool> {
    const before = await bpfProgramIds();
    const begin = performance.now();
    const running = new RunningTool(tool, mark);
    const timer = setTimeout(() => running.#fail("is not ready in time"), READY_TIMEOUT_MS);
    try {
      await running.#ready.promise;
    } finally {
      clearTimeout(timer);
    }
    running.readyMs = performance.now() - begin;
    running.stats = new BpfStats((await bpfProgramIds()).difference(before));
    attachedFunctions[tool.name] = Number(tool.attached.exec(running.#stderr)?.[1]);
    return running;
  }

  /** Counts the events that the tool writes for `traffic`; only for tools that have `written`. */
  async eventsOf(traffic: () => Promise<unknown>): Promise<number> {
    const count = () => this.tool.written!(this.#output);
    const before = count();
    await traffic();
    await this.settle();
    return count() - before;
  }

  /** Waits until a tool has written its buffered events, if it would not do so when stopped. */
  async settle(): Promise<void> {
    if (!this.tool.written) return;
    for (let size = -1;;) {
      const { size: now } = Deno.statSync(this.#output);
      if (now === size) return;
      size = now;
      await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
    }
  }

  /** Ends the tool as Ctrl-C does. */
  async stop(): Promise<{ stopMs: number; account: Account }> {
    const begin = performance.now();
    this.#child.kill("SIGINT");
    const { code } = await this.#child.status;
    const stopMs = performance.now() - begin;
    await this.#stderrDone;
    if (code !== 0 && code !== 130) throw new Error(`${this.tool.name} failed:\n${this.#stderr}`);
    const account = this.tool.account(this.#stderr, this.#output);
    await this.#end();
    return { stopMs, account };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOver) await this.#end();
  }

  async #end(): Promise<void> {
    this.#isOver = true;
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It had already ended.
    }
    await this.#child.status;
    Deno.removeSync(this.#output);
  }

  async #collectStderr(): Promise<void> {
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      this.#stderr += text;
      if (this.#stderr.includes(this.tool.ready)) this.#ready.resolve();
    }
    this.#fail("ended before it was ready");
  }

  #fail(how: string): void {
    this.#ready.reject(new Error(`${this.tool.name} ${how}:\n${this.#stderr}`));
  }
}

/** Runs `body` while a tool is tracing. */
export async function whileTracing<T>(
  tool: Tool,
  mark: number,
  body: (running: RunningTool) => Promise<T>,
): Promise<{ result: T; stopMs: number; account: Account }> {
  await using running = await RunningTool.start(tool, mark);
  const result = await body(running);
  return { result, ...await running.stop() };
}
