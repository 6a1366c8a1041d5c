import { errnoText, IpftError } from "../base/errors.ts";
import { readFile, readFileSync } from "../ffi/file.ts";

/**
 * Reads a large file in /proc or /sys.
 * @param remedy what to do when the file does not exist
 * @throws IpftError when the file is missing or this process may not read it
 */
export async function readKernelFile(
  path: string,
  remedy?: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const content = await readFile(path);
  if (typeof content !== "number") return content;
  const EPERM = 1, ENOENT = 2, EACCES = 13;
  switch (-content) {
    case ENOENT:
      // Containers may lack it; that says nothing of the kernel.
      if (path.startsWith("/sys/") && readFileSync("/sys/kernel") === -ENOENT) {
        throw new IpftError("/sys is not mounted", "mount it: mount -t sysfs sysfs /sys");
      }
      throw new IpftError(`this kernel has no ${path}`, remedy);
    case EPERM:
    case EACCES:
      throw new IpftError(
        `may not read ${path}`,
        "run ipft as root, on a kernel that is not locked down (/sys/kernel/security/lockdown)",
      );
    default:
      throw new IpftError(`cannot read ${path}: ${errnoText(content)}`);
  }
}

/** Reads the text of a small file in /proc or /sys; undefined when it cannot be read. */
export function readKernelText(path: string): string | undefined {
  const content = readFileSync(path);
  return typeof content === "number" ? undefined : new TextDecoder().decode(content);
}
