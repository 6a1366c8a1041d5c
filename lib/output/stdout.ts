import { fileErrnoText, IpftError } from "../base/errors.ts";
import { writeAll } from "../ffi/descriptor.ts";

/** Nobody reads standard output any more (`| head`): the trace has nobody left to trace for. */
export class OutputClosed extends Error {
  override readonly name = "OutputClosed";
}

/** What messages call standard output. */
export const STANDARD_OUTPUT = "to standard output";

/** Writes a text to standard output, as `writeTo` does. */
export function printText(text: string): Promise<void> {
  return writeTo(1, STANDARD_OUTPUT, new TextEncoder().encode(text));
}

/**
 * Writes all of `bytes` to a descriptor.
 * @param name what messages call it
 * @throws OutputClosed when its reader has closed it
 * @throws IpftError when it cannot be written, e.g. to a full disk
 */
export async function writeTo(fd: number, name: string, bytes: Uint8Array): Promise<void> {
  const EPIPE = 32;
  const result = await writeAll(fd, bytes);
  if (result === -EPIPE) throw new OutputClosed();
  if (result !== 0) throw writeError(name, result);
}

/** Makes the error for a file that cannot be written. */
export function writeError(name: string, errno: number): IpftError {
  const EFBIG = 27, ENOSPC = 28, EDQUOT = 122;
  const isFull = [EFBIG, ENOSPC, EDQUOT].includes(Math.abs(errno));
  const remedy = isFull ? "send it where there is room" : undefined;
  return new IpftError(`cannot write ${name}: ${fileErrnoText(errno)}`, remedy);
}
