/** Not drawn more often than a terminal is worth. */
const DRAW_MS = 100;

const encoder = new TextEncoder();

/**
 * A line on the terminal of stderr that changes while something goes on. Nothing elsewhere: a log is no
 * place for it. Disposing clears it.
 */
export class TerminalLine implements Disposable {
  readonly #isVisible = Deno.stderr.isTerminal();
  #drawnAt = 0;
  #isDrawn = false;

  /** @param text not asked for where nobody would see it */
  show(text: () => string): void {
    const now = performance.now();
    if (!this.#isVisible || now - this.#drawnAt < DRAW_MS) return;
    this.#drawnAt = now;
    this.#isDrawn = true;
    write(`\r\x1b[K${text()}`);
  }

  /** Makes room for other messages. */
  clear(): void {
    if (this.#isDrawn) write("\r\x1b[K");
    this.#isDrawn = false;
  }

  [Symbol.dispose](): void {
    this.clear();
  }
}

function write(text: string): void {
  const bytes = encoder.encode(text);
  for (let written = 0; written < bytes.length;) {
    written += Deno.stderr.writeSync(bytes.subarray(written));
  }
}
