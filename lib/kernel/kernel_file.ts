import { errnoText, IpftError } from "../base/errors.ts";
import { readFile, readFileSync } from "../ffi/file.ts";

/**
 * The content of a large file in /proc or /sys.
 * @param remedy what to do when there is no such file
 * @throws IpftError when it is missing, or the kernel keeps it from this process
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

/** The text of a small file in /proc or /sys; undefined where it cannot be read. */
export function readKernelText(path: string): string | undefined {
  const content = readFileSync(path);
  return typeof content === "number" ? undefined : new TextDecoder().decode(content);
}
