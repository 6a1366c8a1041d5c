/** Command lines as tests write them. */
import { parseCommandLine } from "../../lib/cli/parse.ts";

/** What a command line asks for. @param line the arguments of ipft, split at spaces */
export function parse(line: string): ReturnType<typeof parseCommandLine> {
  return parseCommandLine(line.split(" ").filter(Boolean));
}
