import { IpftError } from "../base/errors.ts";
import type { ProbeServerAddress } from "../cli/request.ts";

/**
 * Accepts TCP connections and closes them at once. A program that waits for the trace, such as `nc -z` or
 * a readiness probe, connects to it. Disposing closes the port.
 */
export class ProbeServer implements Disposable {
  readonly #listener: Deno.Listener;

  /** @throws IpftError if it cannot listen on the address */
  constructor({ hostname, port }: ProbeServerAddress) {
    try {
      this.#listener = Deno.listen({ hostname, port });
    } catch (error) {
      throw new IpftError(
        `the probe server cannot listen on ${hostname}:${port}: ${(error as Error).message}`,
        "choose another --probe-server-port or --probe-server-address",
      );
    }
    this.#acceptAll();
  }

  async #acceptAll(): Promise<void> {
    try {
      for await (const connection of this.#listener) connection.close();
    } catch {
      // The port was closed, or ipft is out of file descriptors. The probe gets no answer.
    }
  }

  [Symbol.dispose](): void {
    this.#listener.close();
  }
}
