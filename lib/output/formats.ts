/** A format of the output. */
export interface OutputFormat {
  /** What `-o` takes. */
  readonly name: string;
  /** What the results look like, for the help and the man page. */
  readonly description: string;
  /** Suffixes of file names, with their dot, that stand for the format. */
  readonly suffixes: readonly string[];
}

const AGGREGATE: OutputFormat = {
  name: "aggregate",
  description: "a block of lines for each packet, at the end",
  suffixes: [],
};

/** The formats, the default first. */
export const FORMATS: readonly OutputFormat[] = [
  AGGREGATE,
  { name: "stream", description: "a line for each event, live", suffixes: [] },
  {
    name: "json",
    description: "a line of JSON for each event, live",
    suffixes: [".json", ".jsonl", ".ndjson"],
  },
];

/** The format that the suffix of a file's name stands for, else `aggregate`. */
export function formatOfPath(path: string): OutputFormat {
  return FORMATS.find(({ suffixes }) => suffixes.some((suffix) => path.endsWith(suffix))) ??
    AGGREGATE;
}
