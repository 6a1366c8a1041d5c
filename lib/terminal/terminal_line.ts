import { writeStderr } from "../base/stderr.ts";
import { hasRoom } from "../ffi/descriptor.ts";

/** The shortest time between two updates. */
const DRAW_MS = 100;

const encoder = new TextEncoder();

/** A status line on stderr, shown only if that is a terminal. Disposing clears it. */
export class TerminalLine implements Disposable {
  readonly #isVisible = Deno.stderr.isTerminal();
  #drawnAt = 0;
  #isDrawn = false;

  /** Shows a text. @param text called only if the line is to be drawn */
  show(text: () => string): void {
    const now = performance.now();
    if (!this.#isVisible || now - this.#drawnAt < DRAW_MS) return;
    this.#drawnAt = now;
    if (!hasRoom(2)) return; // the trace must not wait for its progress to be shown
    this.#isDrawn = true;
    writeStderr(encoder.encode(`\r\x1b[K${text()}`));
  }

  /** Clears the line, so that other messages can be printed. */
  clear(): void {
    if (this.#isDrawn) writeStderr(encoder.encode("\r\x1b[K"));
    this.#isDrawn = false;
  }

  [Symbol.dispose](): void {
    this.clear();
  }
}
