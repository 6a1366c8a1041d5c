import { usageError } from "../base/errors.ts";
import { formatOfPath } from "../output/formats.ts";
import type { OutputRequest } from "../output/outputs.ts";

/** The format and the file that `-o` and `-w` gave for one output. */
export interface GivenOutput {
  readonly format?: string;
  readonly path?: string;
}

/** A `-o` or a `-w`. */
type Part = { readonly format: string } | { readonly path: string };

/**
 * Pairs up formats and files: each goes to the latest output, or to a new one where that already has its
 * format or file.
 * @param parts each `-o` and each `-w`, in the order of the command line
 */
export function pairOutputs(parts: readonly Part[]): GivenOutput[] {
  const outputs: GivenOutput[] = [];
  for (const part of parts) {
    const latest = outputs.at(-1);
    const isNew = latest === undefined || ("format" in part ? "format" : "path") in latest;
    if (isNew) outputs.push(part);
    else outputs[outputs.length - 1] = { ...latest, ...part };
  }
  return outputs;
}

/** Names of standard output: the last ones open what it is once more, and would begin a file anew. */
const STDOUT_NAMES = ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"];

/**
 * Completes outputs: a missing format follows from the suffix of the file, and without any output there
 * is the default one.
 * @throws {IpftError} wrong usage: two outputs have the same destination
 */
export function checkedOutputs(given: readonly GivenOutput[]): OutputRequest[] {
  const wanted: readonly GivenOutput[] = given.length === 0 ? [{}] : given;
  const outputs = wanted.map(({ format, path }) => ({
    format: format ?? formatOfPath(path ?? "").name,
    path: path !== undefined && STDOUT_NAMES.includes(path) ? undefined : path,
  }));
  const paths = new Set<string | undefined>();
  for (const { path } of outputs) {
    if (paths.has(path)) {
      throw path === undefined
        ? usageError("two outputs on standard output", "give all but one a file: -o FORMAT -w FILE")
        : usageError(`two outputs in the file '${path}'`, "give each output its own file");
    }
    paths.add(path);
  }
  return outputs;
}
