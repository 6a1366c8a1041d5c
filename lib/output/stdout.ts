import { IpftError } from "../base/errors.ts";

/** Nobody reads standard output any more (`| head`): the trace has nobody left to trace for. */
export class OutputClosed extends Error {
  override readonly name = "OutputClosed";
}

/** Writes a text to standard output, as `writeStdout` does. */
export function printText(text: string): Promise<void> {
  return writeStdout(new TextEncoder().encode(text));
}

/**
 * Writes all of `bytes` to standard output.
 * @throws OutputClosed when its reader has closed it
 * @throws IpftError when it cannot be written, e.g. to a full disk
 */
export async function writeStdout(bytes: Uint8Array): Promise<void> {
  try {
    for (let written = 0; written < bytes.length;) {
      written += await Deno.stdout.write(bytes.subarray(written));
    }
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) throw new OutputClosed();
    throw new IpftError(
      `cannot write to standard output: ${(error as Error).message}`,
      "send it where there is room",
    );
  }
}
