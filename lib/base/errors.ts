/**
 * What a failure tells its reader: what failed, why, and what to do about it, on one line.
 *
 * Everything that ipft reports to a person is an `IpftError`; any other exception is a bug in ipft.
 */
export class IpftError extends Error {
  override readonly name = "IpftError";

  /**
   * @param what what was wrong and where, e.g. `cannot read /proc/kallsyms: EPERM (…)`
   * @param remedy what to do about it, e.g. `run ipft as root`
   * @param exitCode 1: the run failed; 2: wrong usage
   * @param log what led there, e.g. the verifier's log or a traceback, shown before the message
   */
  constructor(
    what: string,
    readonly remedy?: string,
    readonly exitCode: 1 | 2 = 1,
    readonly log: readonly string[] = [],
  ) {
    // One line whatever the parts carry: a log of several lines belongs to `-v`.
    super([what, remedy].filter(Boolean).join("; ").replaceAll(/\s*\n\s*/g, " "));
  }
}

/** An error as it is told: what led there, then the message. */
export function errorText({ log, message }: IpftError): string {
  return [...log, `ipft: ${message}`].join("\n");
}

/** Wrong usage: a bad option, argument or regular expression. Exit status 2. */
export function usageError(what: string, remedy?: string): IpftError {
  return new IpftError(what, remedy, 2);
}

/** Why a file cannot be used, from what Deno throws. */
export function fileProblem(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  return (error as Error).message;
}

/** errno names and texts that these system calls and libbpf give (asm-generic/errno*.h, errno(3)). */
const ERRNO: Readonly<Record<number, readonly [name: string, text: string]>> = {
  1: ["EPERM", "operation not permitted"],
  2: ["ENOENT", "no such file, function or type"],
  3: ["ESRCH", "no such symbol"],
  4: ["EINTR", "interrupted"],
  5: ["EIO", "input/output error"],
  7: ["E2BIG", "too large"],
  9: ["EBADF", "bad file descriptor"],
  11: ["EAGAIN", "resource temporarily unavailable"],
  12: ["ENOMEM", "out of memory"],
  13: ["EACCES", "permission denied"],
  14: ["EFAULT", "bad address"],
  16: ["EBUSY", "device or resource busy"],
  17: ["EEXIST", "already exists"],
  19: ["ENODEV", "no such device"],
  22: ["EINVAL", "invalid argument"],
  23: ["ENFILE", "too many open files in the system"],
  24: ["EMFILE", "too many open files"],
  27: ["EFBIG", "file too large"],
  28: ["ENOSPC", "no space left"],
  38: ["ENOSYS", "not implemented by this kernel"],
  84: ["EILSEQ", "illegal byte sequence"],
  95: ["EOPNOTSUPP", "not supported by this kernel"],
  524: ["ENOTSUPP", "not supported by this kernel"],
};

/**
 * `EPERM (operation not permitted)` for errno 1.
 * @param errno positive, or negative as libbpf returns it
 */
export function errnoText(errno: number): string {
  const known = ERRNO[Math.abs(errno)];
  return known ? `${known[0]} (${known[1]})` : `errno ${Math.abs(errno)}`;
}
