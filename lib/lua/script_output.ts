import { IpftError } from "../base/errors.ts";
import { printableLineBytes } from "../base/printable.ts";
import { waitForRoom } from "../ffi/libc.ts";
import { isSignalled } from "../ffi/signal_flag.ts";
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

/** A write of so many bytes to a pipe does not wait when poll(2) says that it is writable (PIPE_BUF). */
const PIECE_BYTES = 4096;

/** How often a write that has to wait looks for a signal. After one, no write waits. */
const WAIT_MS = 100;

/**
 * Writes without a buffer, so that the output of the script and that of ipft stay in order. What nobody
 * reads is lost once a signal has come.
 */
function writeAll(file: typeof Deno.stdout, fd: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) {
    while (!waitForRoom(fd, isSignalled() ? 0 : WAIT_MS)) {
      if (isSignalled()) return;
    }
    written += file.writeSync(bytes.subarray(written, written + PIECE_BYTES));
  }
}

function writeStdout(bytes: Uint8Array): void {
  try {
    writeAll(Deno.stdout, 1, bytes);
  } catch (error) {
    // The reader is gone. Whatever writes results will notice and end the trace.
    if (error instanceof Deno.errors.BrokenPipe) return;
    throw new IpftError(`cannot write what the script prints: ${(error as Error).message}`);
  }
}

/** Messages that cannot be written are lost; results are not. */
function writeStderr(bytes: Uint8Array): void {
  try {
    writeAll(Deno.stderr, 2, bytes);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
  }
}
