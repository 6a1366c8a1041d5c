import { printableLines } from "./printable.ts";

/** How long a message may wait for room on a standard error that does not block. */
const PATIENCE_MS = 1000;

/** How long to wait before the next attempt. */
const RETRY_MS = 10;

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** Writes a message and a line break to standard error, without the control characters of others' texts. */
export function tell(message: string): void {
  writeStderr(new TextEncoder().encode(`${printableLines(message)}\n`));
}

/**
 * Writes to standard error, where everything but results goes. What cannot be written is lost: a full or
 * closed standard error ends no trace and changes no exit status.
 */
export function writeStderr(bytes: Uint8Array): void {
  let patienceMs = PATIENCE_MS;
  for (let written = 0; written < bytes.length;) {
    try {
      written += Deno.stderr.writeSync(bytes.subarray(written));
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock) || patienceMs <= 0) return;
      patienceMs -= RETRY_MS;
      Atomics.wait(sleeper, 0, 0, RETRY_MS);
    }
  }
}
