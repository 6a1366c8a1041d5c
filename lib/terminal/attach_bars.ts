import type { AttachObserver } from "../bpf/attach/attachment.ts";
import { ProgressBar } from "./progress.ts";

/** Shows the progress of attaching and detaching on a terminal. */
export class AttachBars implements AttachObserver, Disposable {
  readonly #attaching = new ProgressBar("Attaching");
  #detaching?: ProgressBar;

  /**
   * @param total number of functions to attach to
   * @param takeTurn lets ipft notice signals; attaching stops if it rejects
   */
  constructor(readonly total: number, readonly takeTurn: () => Promise<void>) {}

  async attached(done: number): Promise<void> {
    this.#attaching.update(done, this.total);
    await this.takeTurn();
  }

  detached(done: number, total: number): void {
    this.clear();
    this.#detaching ??= new ProgressBar("Detaching");
    this.#detaching.update(done, total);
  }

  /** Removes the bar of attaching. */
  clear(): void {
    this.#attaching[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.clear();
    this.#detaching?.[Symbol.dispose]();
  }
}
