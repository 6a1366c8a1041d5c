import { IpftError } from "../errors.ts";

/**
 * The content of a file in /proc or /sys.
 * @param remedy what to do when there is no such file
 * @throws IpftError when it is missing, or the kernel keeps it from this process
 */
export async function readKernelFile(path: string, remedy?: string): Promise<Uint8Array> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new IpftError(`this kernel has no ${path}`, remedy);
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new IpftError(
        `may not read ${path}`,
        "run ipft as root, on a kernel that is not locked down (/sys/kernel/security/lockdown)",
      );
    }
    throw error;
  }
}
