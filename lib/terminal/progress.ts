import { TerminalLine } from "./terminal_line.ts";

/** Characters between the brackets. */
const WIDTH = 30;

/** Shows the progress of a long step on a terminal, and estimates the time left. Disposing clears the line. */
export class ProgressBar implements Disposable {
  readonly #label: string;
  readonly #line = new TerminalLine();
  readonly #begin = performance.now();

  constructor(label: string) {
    this.#label = label;
  }

  update(done: number, total: number): void {
    const seconds = (performance.now() - this.#begin) / 1000;
    this.#line.show(() => progressLine(this.#label, done, total, seconds));
  }

  [Symbol.dispose](): void {
    this.#line.clear();
  }
}

/**
 * Returns `Attaching [######------] 523/1612, 12 s left`.
 * @param seconds since the step began
 */
export function progressLine(label: string, done: number, total: number, seconds: number): string {
  const filled = Math.round(WIDTH * done / Math.max(total, 1));
  const bar = "#".repeat(filled).padEnd(WIDTH, "-");
  const left = done > 0 ? `, ${Math.ceil(seconds / done * (total - done))} s left` : "";
  return `${label} [${bar}] ${done}/${total}${left}`;
}
