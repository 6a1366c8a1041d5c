import { usageError } from "../base/errors.ts";
import { printableBytes } from "../base/printable.ts";
import { readFileSync } from "../ffi/file.ts";

/**
 * Returns what follows the program's name on the command line.
 * @throws {IpftError} wrong usage: an argument is not UTF-8. Deno would replace some of its bytes, and the
 *   name of a file would become that of another.
 */
export function commandLineArguments(): readonly string[] {
  const args = Deno.args;
  const REPLACEMENT = "\ufffd";
  if (!args.some((arg) => arg.includes(REPLACEMENT))) return args;
  const bytes = readFileSync("/proc/self/cmdline");
  if (typeof bytes === "number") return args;
  const bad = lastWords(bytes, args.length).find((word) => !isUtf8(word));
  if (bad === undefined) return args;
  throw usageError(
    `argument '${printableBytes(bad)}' is not UTF-8`,
    "name a file by a symbolic link to it, and put such arguments of a command into a script",
  );
}

/** Returns the last `count` of the words that NULs end. */
function lastWords(bytes: Uint8Array, count: number): Uint8Array[] {
  const words: Uint8Array[] = [];
  for (let end = bytes.length - 1; words.length < count && end > 0;) {
    const start = bytes.lastIndexOf(0, end - 1) + 1;
    words.unshift(bytes.subarray(start, end));
    end = start - 1;
  }
  return words;
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
