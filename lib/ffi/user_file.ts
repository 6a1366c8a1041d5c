import { checkInterrupted, fileErrnoText, IpftError } from "../base/errors.ts";
import { Open, open, readOnce, waitForInput } from "./descriptor.ts";
import { close } from "./libc.ts";

/** The largest file: far more than any script or object has, and the end of /dev/zero. */
const LIMIT_BYTES = 16 * 2 ** 20;

/** How long a signal may go unnoticed while a pipe has nothing to read. */
const WAIT_MS = 100;

/**
 * Reads a file that the user names, which may be a pipe (`-s <(generate)`).
 * @param what what the file is, for messages: `script`
 * @param signal ends the wait for a pipe
 * @throws IpftError when it cannot be read or is too large, or at the signal
 */
export async function readUserFile(
  what: string,
  path: string,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const failed = (reason: string) => new IpftError(`cannot read the ${what} ${path}: ${reason}`);
  // A named pipe that has no writer yet does not block then.
  const fd = open(path, Open.read | Open.nonBlocking);
  if (fd < 0) throw failed(fileErrnoText(fd));
  try {
    const EAGAIN = 11;
    let content = new Uint8Array(1 << 16), length = 0;
    for (;;) {
      // Reading a named pipe before its writer has come would be its end.
      while (await waitForInput(fd, WAIT_MS) <= 0) checkInterrupted(signal);
      if (length === content.length) content = doubled(content);
      const count = readOnce(fd, content.subarray(length));
      if (count === 0) return content.subarray(0, length);
      if (count > 0) length += count;
      else if (count !== -EAGAIN) throw failed(fileErrnoText(count));
      if (length > LIMIT_BYTES) throw failed(`it is larger than ${LIMIT_BYTES / 2 ** 20} MiB`);
    }
  } finally {
    close(fd);
  }
}

function doubled(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(bytes.length * 2);
  larger.set(bytes);
  return larger;
}
