import { sep } from "node:path";

/** The largest file that a script may read: what it reads stays in memory while it is open. */
const FILE_BYTES = 16 * 2 ** 20;

/** The files of this machine that a script may read: those below some folders. */
export class HostFiles {
  readonly #folders: readonly string[];

  /** @param folders that exist; symbolic links are followed to where they are */
  constructor(folders: readonly string[]) {
    this.#folders = [...new Set(folders.flatMap(realFolder))];
  }

  /**
   * A file's content, or a message that says why a script cannot have it.
   * @param path absolute, or relative to the working directory; where symbolic links lead counts
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

/** None for /dev/fd, where a script is that comes from a pipe: that is closed to the executable. */
function realFolder(folder: string): string[] {
  try {
    return [Deno.realPathSync(folder)];
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return [];
    throw error;
  }
}
