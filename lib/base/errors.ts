import { printable } from "./printable.ts";

/**
 * A failure that ipft reports to its user: what was wrong and what to do about it, on one line. Any other
 * exception is a bug in ipft.
 */
export class IpftError extends Error {
  override readonly name = "IpftError";

  /**
   * @param what the problem and its place: `cannot read /proc/kallsyms: EPERM (…)`
   * @param remedy what the user can do: `run ipft as root`
   * @param exitCode 1 for a failed run, 2 for wrong usage
   * @param log lines to show before the message: the verifier's log, a traceback
   */
  constructor(
    what: string,
    readonly remedy?: string,
    readonly exitCode: 1 | 2 = 1,
    readonly log: readonly string[] = [],
  ) {
    // Names in it come from elsewhere.
    super(printable([what, remedy].filter(Boolean).join("; ")));
  }
}

/** Returns what ipft prints for an error: its log, then the message. */
export function errorText({ log, message }: IpftError): string {
  return [...log, `ipft: ${message}`].join("\n");
}

/** Makes the error for wrong usage: a bad option, argument or regular expression. */
export function usageError(what: string, remedy?: string): IpftError {
  return new IpftError(what, remedy, 2);
}

/** Returns why Deno could not use a file. @param error what Deno threw */
export function fileProblem(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  // Deno's own message advises options of Deno.
  if (error instanceof Deno.errors.NotCapable) return "ipft may not use this file";
  return (error as Error).message;
}

/** Reasons that read better than an errno and its text. */
const FILE_REASONS: Readonly<Record<number, string>> = {
  2: "there is no such file",
  13: "permission denied",
  21: "it is a directory",
};

/** Returns why the C library could not use a file that the user names. @param errno of either sign */
export function fileErrnoText(errno: number): string {
  return FILE_REASONS[Math.abs(errno)] ?? errnoText(errno);
}

/** @throws IpftError when a signal has arrived that is to end ipft before it traces */
export function checkInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new IpftError("interrupted before the trace was ready");
}

/** Names and texts of the errnos that the kernel and libbpf return here (asm-generic/errno*.h, errno(3)). */
const ERRNO: Readonly<Record<number, readonly [name: string, text: string]>> = {
  1: ["EPERM", "operation not permitted"],
  2: ["ENOENT", "no such file, function or type"],
  3: ["ESRCH", "no such symbol"],
  4: ["EINTR", "interrupted"],
  5: ["EIO", "input/output error"],
  6: ["ENXIO", "no such device or address"],
  7: ["E2BIG", "too large"],
  9: ["EBADF", "bad file descriptor"],
  11: ["EAGAIN", "resource temporarily unavailable"],
  12: ["ENOMEM", "out of memory"],
  13: ["EACCES", "permission denied"],
  14: ["EFAULT", "bad address"],
  16: ["EBUSY", "device or resource busy"],
  17: ["EEXIST", "already exists"],
  19: ["ENODEV", "no such device"],
  20: ["ENOTDIR", "not a directory"],
  21: ["EISDIR", "is a directory"],
  22: ["EINVAL", "invalid argument"],
  23: ["ENFILE", "too many open files in the system"],
  24: ["EMFILE", "too many open files"],
  26: ["ETXTBSY", "the program in it is running"],
  27: ["EFBIG", "file too large"],
  28: ["ENOSPC", "no space left"],
  30: ["EROFS", "read-only file system"],
  32: ["EPIPE", "nobody reads it"],
  36: ["ENAMETOOLONG", "name too long"],
  38: ["ENOSYS", "not implemented by this kernel"],
  40: ["ELOOP", "too many symbolic links"],
  84: ["EILSEQ", "illegal byte sequence"],
  95: ["EOPNOTSUPP", "not supported by this kernel"],
  122: ["EDQUOT", "disk quota exceeded"],
  524: ["ENOTSUPP", "not supported by this kernel"],
};

/**
 * Returns the name and the text of an errno: `EPERM (operation not permitted)`.
 * @param errno positive, or negative as libbpf returns it
 */
export function errnoText(errno: number): string {
  const known = ERRNO[Math.abs(errno)];
  return known ? `${known[0]} (${known[1]})` : `errno ${Math.abs(errno)}`;
}
