import { errnoText, IpftError } from "../base/errors.ts";
import { close, mountDetached } from "../ffi/libc.ts";
import { readKernelText } from "./kernel_file.ts";

/**
 * Finds the directory of tracefs: its own mount point, or else its place in debugfs.
 * @param mounts the content of `/proc/self/mounts`, in the format of fstab(5)
 */
export function findTracefs(mounts: string): string | undefined {
  const directory = (type: string) => {
    const mount = mounts.match(new RegExp(`^\\S+ (\\S+) ${type} `, "m"));
    return mount ? unescapeMountPoint(mount[1]) : undefined;
  };
  const debugfs = directory("debugfs");
  return directory("tracefs") ?? (debugfs && `${debugfs}/tracing`);
}

/** Decodes a mount point: spaces and backslashes in it are escaped as three octal digits (fstab(5)). */
export function unescapeMountPoint(text: string): string {
  return text.replaceAll(
    /\\([0-7]{3})/g,
    (_, digits: string) => String.fromCharCode(parseInt(digits, 8)),
  );
}

/**
 * The directory of tracefs. Where it is not mounted, ipft has a mount of its own until it is disposed of,
 * which nothing else sees: ipft leaves a machine as it found it, even when it is killed.
 */
export class TracefsMount implements Disposable {
  readonly directory: string;
  readonly #fd?: number;

  /** @throws IpftError when tracefs is not mounted and cannot be */
  constructor() {
    const found = findTracefs(readKernelText("/proc/self/mounts") ?? "");
    if (found !== undefined) {
      this.directory = found;
      return;
    }
    const fd = mountDetached("tracefs");
    if (fd < 0) {
      throw new IpftError(
        `tracefs is not mounted and cannot be: ${errnoText(fd)}`,
        "use a kernel with CONFIG_FTRACE, or mount it: " +
          "mount -t tracefs tracefs /sys/kernel/tracing",
      );
    }
    this.#fd = fd;
    this.directory = `/proc/self/fd/${fd}`;
  }

  [Symbol.dispose](): void {
    if (this.#fd !== undefined) close(this.#fd);
  }
}
