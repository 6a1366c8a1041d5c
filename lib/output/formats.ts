/** The registry of formats: to add one, write its file and name it here. */
import { AGGREGATE } from "./aggregate/aggregate.ts";
import type { OutputFormat } from "./format.ts";
import { JSON_LINES } from "./json.ts";
import { STREAM } from "./stream.ts";

/** All formats; the first is the default. */
export const FORMATS: readonly OutputFormat[] = [AGGREGATE, STREAM, JSON_LINES];

/** The format of that name. */
export function formatNamed(wanted: string): OutputFormat {
  const format = FORMATS.find(({ name }) => name === wanted);
  if (format === undefined) throw new Error(`no format ${wanted}`);
  return format;
}

/** The format that a file's suffix stands for, or the default. */
export function formatOfPath(path: string): OutputFormat {
  const hasSuffix = ({ suffixes }: OutputFormat) => suffixes.some((end) => path.endsWith(end));
  return FORMATS.find(hasSuffix) ?? FORMATS[0];
}
