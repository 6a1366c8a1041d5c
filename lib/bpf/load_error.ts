/** Errors for what the kernel refuses to load. */
import { errnoText, IpftError } from "../base/errors.ts";
import type { Probe } from "./probes/probe.ts";

const EPERM = 1;

/**
 * Makes the error for programs that cannot be loaded.
 * @param result the negative errno
 * @param log what libbpf logged
 */
export function loadRefusal(
  result: number,
  backend: string,
  probes: readonly Probe[],
  log: readonly string[],
): IpftError {
  if (result === -EPERM) return permissionRefusal(result);
  const refused = probes.find(({ program }) =>
    log.some((line) => line.includes(`prog '${program}': failed to load`))
  );
  if (refused !== undefined) return refused.refusal(result, log);
  return new IpftError(
    `the kernel refused the ${backend} programs: ${errnoText(result)}`,
    "try another --backend (see: ipft doctor)",
    1,
    log,
  );
}

/**
 * Makes the error for a ring buffer that the kernel refuses.
 * @param result the negative errno
 */
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
