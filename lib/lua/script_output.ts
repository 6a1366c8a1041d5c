import { IpftError } from "../base/errors.ts";
import { printableLineBytes } from "../base/printable.ts";
import type { ScriptOutput } from "./sandbox.ts";

/** Returns where a script prints: to stdout, or to stderr if stdout has JSON. */
export function scriptOutput(isJson: boolean): ScriptOutput {
  const onStderr = (bytes: Uint8Array) => writeAll(Deno.stderr, bytes);
  const onStdout = (bytes: Uint8Array) => writeAll(Deno.stdout, bytes);
  return { write: isJson ? onStderr : onStdout, writeError: onStderr };
}

/**
 * Writes without a buffer, so that the output of the script and that of ipft stay in order. A terminal
 * does not get what the script may have from packets for it to obey.
 */
function writeAll(file: typeof Deno.stdout | typeof Deno.stderr, bytes: Uint8Array): void {
  const shown = file.isTerminal() ? printableLineBytes(bytes) : bytes;
  try {
    for (let written = 0; written < shown.length;) {
      written += file.writeSync(shown.subarray(written));
    }
  } catch (error) {
    // The reader is gone. Whatever writes results will notice and end the trace.
    if (error instanceof Deno.errors.BrokenPipe) return;
    throw new IpftError(`cannot write what the script prints: ${(error as Error).message}`);
  }
}
