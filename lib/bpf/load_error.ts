/** Which of the few known reasons it is that the kernel refused the tracer. */
import { errnoText, IpftError } from "../base/errors.ts";

const EPERM = 1;

/** @param result the negative errno of loading the tracer's object */
export function loadRefusal(result: number, backend: string, log: readonly string[]): IpftError {
  if (result === -EPERM) return permissionRefusal(result);
  return new IpftError(
    `the kernel refused the ${backend} programs: ${errnoText(result)}`,
    "try another --backend (see: ipft doctor)",
    1,
    log,
  );
}

/** @param result the negative errno of making a ring */
export function ringRefusal(result: number, bufferSizeBytes: number): IpftError {
  if (result === -EPERM) return permissionRefusal(result);
  return new IpftError(
    `the kernel refused a ring buffer of ${bufferSizeBytes} bytes: ${errnoText(result)}`,
    "choose a smaller --buffer-size",
  );
}

function permissionRefusal(result: number): IpftError {
  return new IpftError(
    `the kernel refused to load tracing programs: ${errnoText(result)}`,
    "run as root with CAP_BPF and CAP_PERFMON (before Linux 5.11 CAP_SYS_RESOURCE, too), on a " +
      "kernel that is not locked down (see: ipft doctor)",
  );
}
