import type { AttachObserver } from "../bpf/attach/attachment.ts";
import { ProgressBar } from "./progress.ts";

/** Shows on a terminal how far attaching and detaching have come. */
export class AttachBars implements AttachObserver, Disposable {
  readonly #attaching = new ProgressBar("Attaching");
  #detaching?: ProgressBar;

  /**
   * @param total how many functions there are to attach to
   * @param takeTurn lets signals be noticed; when it rejects, attaching ends
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

  /** Takes the bar of attaching away. */
  clear(): void {
    this.#attaching[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    this.clear();
    this.#detaching?.[Symbol.dispose]();
  }
}
