import { errnoText, IpftError } from "../base/errors.ts";
import { mount, unmount } from "../ffi/libc.ts";
import { readKernelText } from "./kernel_file.ts";

const DEFAULT_DIRECTORY = "/sys/kernel/tracing";

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
 * The directory where tracefs is mounted. If it is not mounted, it is from construction to disposal: ipft
 * leaves a machine as it found it.
 */
export class TracefsMount implements Disposable {
  readonly directory: string;
  readonly #isOwn: boolean;

  /** @throws IpftError when tracefs is not mounted and cannot be */
  constructor() {
    const found = findTracefs(readKernelText("/proc/self/mounts") ?? "");
    this.#isOwn = found === undefined;
    this.directory = found ?? DEFAULT_DIRECTORY;
    if (!this.#isOwn) return;
    const result = mount("tracefs", DEFAULT_DIRECTORY);
    if (result < 0) {
      throw new IpftError(
        `tracefs is not mounted and cannot be: ${errnoText(result)}`,
        "use a kernel with CONFIG_FTRACE, or mount it: " +
          `mount -t tracefs tracefs ${DEFAULT_DIRECTORY}`,
      );
    }
  }

  [Symbol.dispose](): void {
    if (this.#isOwn) unmount(this.directory);
  }
}
