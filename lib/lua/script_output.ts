import { IpftError } from "../base/errors.ts";
import { printableLineBytes } from "../base/printable.ts";
import { writeStderr } from "../base/stderr.ts";
import type { ScriptOutput } from "./sandbox.ts";

/** Returns where a script prints: to stdout, or to stderr if stdout has JSON. */
export function scriptOutput(isJson: boolean): ScriptOutput {
  const onStderr = (bytes: Uint8Array) => writeStderr(shownOn(Deno.stderr, bytes));
  const onStdout = (bytes: Uint8Array) => writeStdout(shownOn(Deno.stdout, bytes));
  return { write: isJson ? onStderr : onStdout, writeError: onStderr };
}

/** A terminal does not get what the script may have from packets for it to obey. */
function shownOn(file: typeof Deno.stdout | typeof Deno.stderr, bytes: Uint8Array): Uint8Array {
  return file.isTerminal() ? printableLineBytes(bytes) : bytes;
}

/** Writes without a buffer, so that the output of the script and that of ipft stay in order. */
function writeStdout(bytes: Uint8Array): void {
  try {
    for (let written = 0; written < bytes.length;) {
      written += Deno.stdout.writeSync(bytes.subarray(written));
    }
  } catch (error) {
    // The reader is gone. Whatever writes results will notice and end the trace.
    if (error instanceof Deno.errors.BrokenPipe) return;
    throw new IpftError(`cannot write what the script prints: ${(error as Error).message}`);
  }
}
