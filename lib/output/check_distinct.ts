import { usageError } from "../base/errors.ts";
import { directoryOf, fileStatus, followLinks } from "../ffi/path.ts";

/**
 * Checks that no output is the same file as another output, or as an input, whatever their names are.
 * @param outputs paths; undefined for standard output
 * @throws IpftError wrong usage
 */
export function checkDistinct(
  outputs: readonly (string | undefined)[],
  inputs: readonly string[],
): void {
  const read = new Map(inputs.map((path) => [identity(path), path]));
  const written = new Map<string, string | undefined>();
  for (const path of outputs) {
    const id = identity(path);
    if (id === undefined) continue;
    const input = read.get(id);
    if (input !== undefined) {
      throw usageError(`${named(path)} is also read, as '${input}'`, "write to another file");
    }
    if (written.has(id)) {
      throw usageError(
        `${named(written.get(id))} and ${named(path)} are the same file`,
        "give each output its own file",
      );
    }
    written.set(id, path);
  }
}

/**
 * Returns what is equal for all names of a file or a pipe. For one that is not there yet, that is its name
 * in its directory. Undefined for what many may write to: a terminal, /dev/null.
 */
function identity(path: string | undefined): string | undefined {
  const status = fileStatus(path ?? 1);
  if (typeof status !== "number") return status.kind === "other" ? undefined : status.id;
  const target = path === undefined ? 0 : followLinks(path);
  if (typeof target === "number") return undefined;
  const directory = fileStatus(directoryOf(target));
  if (typeof directory === "number") return undefined;
  return `${directory.id}/${target.slice(target.lastIndexOf("/") + 1)}`;
}

function named(path: string | undefined): string {
  return path === undefined ? "standard output" : `'${path}'`;
}
