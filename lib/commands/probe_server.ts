import { IpftError } from "../base/errors.ts";
import type { ProbeServerAddress } from "../cli/request.ts";

/**
 * Accepts TCP connections and closes them again, for programs that wait until ipft is ready: a readiness
 * probe, `nc -z`. Disposing ends it.
 */
export class ProbeServer implements Disposable {
  readonly #listener: Deno.Listener;

  /** @throws IpftError when it cannot listen there */
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
      // Closed meanwhile, or out of files: whoever probes sees that nobody answers.
    }
  }

  [Symbol.dispose](): void {
    this.#listener.close();
  }
}
