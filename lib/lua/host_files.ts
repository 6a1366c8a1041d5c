import { sep } from "node:path";

/** The largest file that a script may read. An open file is in memory as a whole. */
const FILE_BYTES = 16 * 2 ** 20;

/** Reads the files of this machine for a script: only those below some folders. */
export class HostFiles {
  readonly #folders: readonly string[];

  /** @param folders existing ones; symbolic links are resolved */
  constructor(folders: readonly string[]) {
    this.#folders = [...new Set(folders.flatMap(realFolder))];
  }

  /**
   * Returns a file's content, or a message that says why the script cannot have it.
   * @param path absolute, or relative to the working directory; symbolic links are resolved first
   */
  read(path: string): Uint8Array | string {
    let realPath: string;
    try {
      realPath = Deno.realPathSync(path);
      if (!this.#contains(realPath)) {
        return `${path}: refused by ipft's sandbox, it is not below ${this.#folders.join(" or ")}`;
      }
      const { isFile, size } = Deno.statSync(realPath);
      if (!isFile) return `${path}: not a regular file`;
      if (size <= FILE_BYTES) return Deno.readFileSync(realPath);
      return `${path}: refused by ipft's sandbox, it is larger than ${FILE_BYTES / 2 ** 20} MiB`;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return `${path}: No such file or directory`;
      if (error instanceof Deno.errors.PermissionDenied) return `${path}: Permission denied`;
      return `${path}: ${(error as Error).message}`;
    }
  }

  #contains(realPath: string): boolean {
    return this.#folders.some((folder) =>
      realPath.startsWith(folder.endsWith(sep) ? folder : folder + sep)
    );
  }
}

/**
 * Resolves a folder. A script from a pipe is in /dev/fd, which the executable may not read, and a name may
 * not be UTF-8: no folder then.
 */
function realFolder(folder: string): string[] {
  try {
    return [Deno.realPathSync(folder)];
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return [];
    if (error instanceof Deno.errors.InvalidData) return [];
    throw error;
  }
}
