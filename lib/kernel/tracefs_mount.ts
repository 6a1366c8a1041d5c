import { errnoText, IpftError } from "../base/errors.ts";
import { mount, unmount } from "../ffi/libc.ts";
import { readKernelText } from "./kernel_file.ts";
import { findTracefs } from "./tracefs.ts";

const DEFAULT_DIRECTORY = "/sys/kernel/tracing";

/**
 * The directory where tracefs is mounted. Where it is not, it is mounted for as long as this lives:
 * ipft leaves a machine as it found it.
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
