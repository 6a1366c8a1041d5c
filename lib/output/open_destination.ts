import { checkInterrupted } from "../base/errors.ts";
import { makeBlocking, Open, open } from "../ffi/descriptor.ts";
import { fileStatus } from "../ffi/path.ts";
import { type Destination, OpenDestination } from "./destination.ts";
import { ResultFile } from "./result_file.ts";
import { STANDARD_OUTPUT, writeError } from "./stdout.ts";

/** How long to wait before looking for the reader of a named pipe again. */
const RETRY_MS = 50;

/**
 * Opens a file for results; without a path they go to standard output. A pipe or a device is open then, and
 * a named pipe has a reader; of a regular file it is only checked that it can be written.
 * @param signal ends the wait for a reader
 * @throws IpftError when it cannot be written, or at the signal
 */
export async function openDestination(
  path: string | undefined,
  signal?: AbortSignal,
): Promise<Destination> {
  if (path === undefined) return new OpenDestination(1, STANDARD_OUTPUT, false);
  const status = fileStatus(path);
  const kind = typeof status === "number" ? undefined : status.kind;
  const inherited = inheritedDescriptor(path);
  // The shell has opened it, perhaps to append.
  if (inherited !== undefined && kind === "file") {
    return new OpenDestination(inherited, path, false);
  }
  if (kind === "pipe" || kind === "other") {
    const isNamedPipe = kind === "pipe" && inherited === undefined;
    return new OpenDestination(await openedStream(path, isNamedPipe, signal), path, true);
  }
  return new ResultFile(path);
}

async function openedStream(
  path: string,
  isNamedPipe: boolean,
  signal: AbortSignal | undefined,
): Promise<number> {
  const ENXIO = 6; // a pipe without a reader
  for (;;) {
    const fd = open(path, Open.write | Open.nonBlocking);
    if (fd >= 0) {
      makeBlocking(fd);
      return fd;
    }
    if (fd !== -ENXIO || !isNamedPipe) throw writeError(path, fd);
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    checkInterrupted(signal);
  }
}

/** Returns N for `/dev/fd/N`, which ipft was started with. */
function inheritedDescriptor(path: string): number | undefined {
  const [, fd] = /^\/(?:dev|proc\/self)\/fd\/(\d+)$/.exec(path) ?? [];
  if (fd !== undefined) return Number(fd);
  return path === "/dev/stderr" ? 2 : undefined;
}
