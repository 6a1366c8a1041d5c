import { TerminalLine } from "./terminal_line.ts";

/** Characters between the brackets. */
const WIDTH = 30;

/**
 * Shows on a terminal how far a long step has come, and how much longer it is likely to take. Disposing
 * clears the line.
 */
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

/** `Attaching [######------] 523/1612, 12 s left`, after so many seconds. */
export function progressLine(label: string, done: number, total: number, seconds: number): string {
  const filled = Math.round(WIDTH * done / Math.max(total, 1));
  const bar = "#".repeat(filled).padEnd(WIDTH, "-");
  const left = done > 0 ? `, ${Math.ceil(seconds / done * (total - done))} s left` : "";
  return `${label} [${bar}] ${done}/${total}${left}`;
}
