import { errnoText, IpftError } from "../base/errors.ts";
import { readFileSync } from "./file.ts";

/** Reasons that read better than an errno and its text. */
const REASONS: Readonly<Record<number, string>> = {
  2: "there is no such file",
  13: "permission denied",
  21: "it is a directory",
};

/**
 * Reads a file that the user names, which may be a pipe (`-s <(generate)`).
 * @param what what the file is, for messages: `script`
 * @throws IpftError when it cannot be read
 */
export function readUserFile(what: string, path: string): Uint8Array<ArrayBuffer> {
  const content = readFileSync(path);
  if (typeof content !== "number") return content;
  const reason = REASONS[-content] ?? errnoText(content);
  throw new IpftError(`cannot read the ${what} ${path}: ${reason}`);
}
