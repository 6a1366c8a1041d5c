/** Characters between the brackets. */
const WIDTH = 30;

/** Not drawn more often than a terminal is worth. */
const DRAW_MS = 100;

/**
 * A line on the terminal of stderr that shows how far a long step has come, and how much longer it is
 * likely to take. Nothing elsewhere: a log is no place for it. Disposing clears the line.
 */
export class ProgressBar implements Disposable {
  readonly #label: string;
  readonly #isVisible = Deno.stderr.isTerminal();
  readonly #begin = performance.now();
  #drawn = 0;

  constructor(label: string) {
    this.#label = label;
  }

  update(done: number, total: number): void {
    const now = performance.now();
    if (!this.#isVisible || now - this.#drawn < DRAW_MS) return;
    this.#drawn = now;
    write(`\r\x1b[K${progressLine(this.#label, done, total, (now - this.#begin) / 1000)}`);
  }

  [Symbol.dispose](): void {
    if (this.#drawn > 0) write("\r\x1b[K");
    this.#drawn = 0;
  }
}

/** `Attaching [######------] 523/1612, 12 s left`, after so many seconds. */
export function progressLine(label: string, done: number, total: number, seconds: number): string {
  const filled = Math.round(WIDTH * done / Math.max(total, 1));
  const bar = "#".repeat(filled).padEnd(WIDTH, "-");
  const left = done > 0 ? `, ${Math.ceil(seconds / done * (total - done))} s left` : "";
  return `${label} [${bar}] ${done}/${total}${left}`;
}

function write(text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let written = 0; written < bytes.length;) {
    written += Deno.stderr.writeSync(bytes.subarray(written));
  }
}
