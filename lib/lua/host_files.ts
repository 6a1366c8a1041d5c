import { errnoText } from "../base/errors.ts";
import { OpenedFile } from "../ffi/opened_file.ts";

/** The largest file that a script may read. */
const FILE_BYTES = 16 * 2 ** 20;

/** File systems whose files are no files: reading one may wait, or change something. */
const SPECIAL = ["/proc/", "/sys/", "/dev/"];

const ENOENT = 2, EACCES = 13;

/** As Lua itself says it. */
const REASONS: Readonly<Record<number, string>> = {
  [ENOENT]: "No such file or directory",
  [EACCES]: "Permission denied",
};

/** Reads the files of this machine for a script: only those below some folders. */
export class HostFiles {
  readonly #folders: readonly string[];

  /** @param folders existing ones; symbolic links are resolved */
  constructor(folders: readonly string[]) {
    this.#folders = [...new Set(folders.flatMap(realFolder))];
  }

  /**
   * Returns a file's content, or a message that says why the script cannot have it. What has been opened
   * is checked, not the name, which may lead elsewhere a moment later.
   * @param path absolute, or relative to the working directory; any bytes
   */
  read(path: Uint8Array): Uint8Array | string {
    const shown = decoder.decode(path);
    const failed = (errno: number) => `${shown}: ${REASONS[errno] ?? errnoText(errno)}`;
    const refused = (why: string) => `${shown}: refused by ipft's sandbox, ${why}`;
    if (path.includes(0)) return failed(ENOENT);
    const opened = OpenedFile.open(path);
    if (typeof opened === "number") return failed(-opened);
    using file = opened;
    const realPath = file.realPath();
    if (typeof realPath === "number") return failed(-realPath);
    if (!this.#contains(characters(realPath))) {
      return refused(`it is not below ${this.#folders.map(readable).join(" or ")}`);
    }
    if (!file.isRegular) return `${shown}: not a regular file`;
    const content = file.read(FILE_BYTES + 1);
    if (typeof content === "number") return failed(-content);
    if (content.length <= FILE_BYTES) return content;
    return refused(`it is larger than ${FILE_BYTES / 2 ** 20} MiB`);
  }

  #contains(realPath: string): boolean {
    if (SPECIAL.some((folder) => realPath.startsWith(folder))) return false;
    return this.#folders.some((folder) => realPath.startsWith(folder));
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Makes each byte a character, so that paths are compared byte by byte. */
function characters(path: Uint8Array): string {
  return String.fromCharCode(...path);
}

/** Returns the real path of a folder, with a slash at its end. Any other path has none. */
function realFolder(folder: string): string[] {
  const opened = OpenedFile.open(encoder.encode(folder));
  if (typeof opened === "number") return [];
  using file = opened;
  const realPath = file.realPath();
  if (typeof realPath === "number") return [];
  const path = characters(realPath);
  return [path.endsWith("/") ? path : `${path}/`];
}

function readable(folder: string): string {
  const bytes = Uint8Array.from(folder, (byte) => byte.charCodeAt(0));
  return decoder.decode(folder === "/" ? bytes : bytes.subarray(0, -1));
}
