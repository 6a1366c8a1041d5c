import { fileProblem, IpftError } from "../base/errors.ts";
import type { WriteBytes } from "./sink.ts";
import { writeStdout } from "./stdout.ts";

/** Where results go. */
export interface Destination extends Disposable {
  readonly write: WriteBytes;
  /** What to watch for a reader that goes away; undefined for a file, which has none. */
  readonly fd?: number;
  /** Whether it is a terminal. */
  readonly isTerminal: boolean;
}

const STDOUT: Destination = {
  write: writeStdout,
  fd: 1,
  isTerminal: Deno.stdout.isTerminal(),
  [Symbol.dispose]: () => {},
};

/**
 * Opens a file for results, which is empty then; without a path they go to standard output.
 * @throws IpftError when it cannot be written
 */
export async function openDestination(path: string | undefined): Promise<Destination> {
  if (path === undefined) return STDOUT;
  const failed = (error: unknown, remedy?: string) =>
    new IpftError(`cannot write ${path}: ${fileProblem(error)}`, remedy);
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path, { write: true, create: true, truncate: true });
  } catch (error) {
    throw failed(error);
  }
  return {
    async write(bytes) {
      try {
        for (let written = 0; written < bytes.length;) {
          written += await file.write(bytes.subarray(written));
        }
      } catch (error) {
        throw failed(error, "send it where there is room");
      }
    },
    isTerminal: false,
    [Symbol.dispose]: () => file.close(),
  };
}
