import { isTerminal } from "../ffi/descriptor.ts";
import { close } from "../ffi/libc.ts";
import type { WriteBytes } from "./sink.ts";
import { writeTo } from "./stdout.ts";

/** Where results go. */
export interface Destination extends Disposable {
  readonly write: WriteBytes;
  /** What to watch for a reader that goes away; undefined for a file, which has none. */
  readonly fd?: number;
  /** Whether it is a terminal. */
  readonly isTerminal: boolean;
  /** Makes it ready for `write`. Until then, nothing of the user's has changed. */
  begin(): void;
  /** Puts the results in place, once all are written. */
  finish(): Promise<void>;
}

/** A pipe, a device, or what ipft was started with: it is written to as it is. */
export class OpenDestination implements Destination {
  readonly fd: number;
  readonly isTerminal: boolean;
  readonly #name: string;
  readonly #isOwn: boolean;

  /**
   * @param name what messages call it
   * @param isOwn whether to close it
   */
  constructor(fd: number, name: string, isOwn: boolean) {
    this.fd = fd;
    this.isTerminal = isTerminal(fd);
    this.#name = name;
    this.#isOwn = isOwn;
  }

  readonly write = (bytes: Uint8Array): Promise<void> => writeTo(this.fd, this.#name, bytes);

  begin(): void {}

  finish(): Promise<void> {
    return Promise.resolve();
  }

  [Symbol.dispose](): void {
    if (this.#isOwn) close(this.fd);
  }
}
