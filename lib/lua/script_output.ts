import { IpftError } from "../base/errors.ts";
import type { ScriptOutput } from "./sandbox.ts";

/** A script prints to stdout, or where JSON is on it to stderr. */
export function scriptOutput(isJson: boolean): ScriptOutput {
  const onStderr = (bytes: Uint8Array) => writeAll(Deno.stderr, bytes);
  const onStdout = (bytes: Uint8Array) => writeAll(Deno.stdout, bytes);
  return { write: isJson ? onStderr : onStdout, writeError: onStderr };
}

/** Writes at once, so that a script's output keeps its place among ipft's own. */
function writeAll(file: typeof Deno.stdout | typeof Deno.stderr, bytes: Uint8Array): void {
  try {
    for (let written = 0; written < bytes.length;) {
      written += file.writeSync(bytes.subarray(written));
    }
  } catch (error) {
    // Nobody reads it any more: whoever writes results will notice and end the trace.
    if (error instanceof Deno.errors.BrokenPipe) return;
    throw new IpftError(`cannot write what the script prints: ${(error as Error).message}`);
  }
}
