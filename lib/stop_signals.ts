/** What ends a trace from outside: Ctrl-C, `kill`, the terminal's end. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Turns the first such signal into an `AbortSignal`. While it lives further ones do nothing, so that
 * an impatient Ctrl-C neither loses output nor interrupts detaching.
 */
export class StopSignals implements Disposable {
  readonly #controller = new AbortController();
  readonly #stop = () => this.#controller.abort();

  constructor() {
    for (const signal of SIGNALS) Deno.addSignalListener(signal, this.#stop);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, this.#stop);
  }
}
