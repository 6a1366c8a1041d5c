import { usageError } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";
import { flags, type Option, type Options, term, type Values } from "./option.ts";
import { SEE_HELP } from "./values.ts";

/** Arguments, told apart. */
export interface Arguments<O extends Options> {
  readonly values: Values<O>;
  /** What is no option. */
  readonly operands: readonly string[];
  /** A command and all that follows it. */
  readonly rest: readonly string[];
}

/**
 * Reads options as getopt_long(3) does: `-m1`, `-m 1`, `--mark=1`, `--mark 1`, `-lv`; the last of
 * repeated ones wins.
 * @param commands words that end the options
 * @throws {IpftError} wrong usage
 */
export function readOptions<O extends Options>(
  options: O,
  args: readonly string[],
  commands: readonly string[] = [],
): Arguments<O> {
  const values: Record<string, unknown> = {};
  const operands: string[] = [];
  for (let i = 0; i < args.length; i++) {
    let word = args[i];
    if (word === "-" || !word.startsWith("-")) {
      if (commands.includes(word)) {
        return { values: values as Values<O>, operands, rest: args.slice(i) };
      }
      operands.push(word);
      continue;
    }
    while (word !== "") {
      const [name, attached] = splitOption(word);
      const [key, option] = find(name, options);
      word = "";
      if (option.value !== undefined) {
        const text = attached ?? args[++i];
        if (text === undefined) throw usageError(`${term(option)} lacks its value`, SEE_HELP);
        values[key] = option.read(text, option.long);
        continue;
      }
      if (attached !== undefined) {
        if (name === option.long) throw usageError(`${name} takes no value`, SEE_HELP);
        word = `-${attached}`;
      }
      values[key] = option.read("", option.long);
    }
  }
  return { values: values as Values<O>, operands, rest: [] };
}

/** `--mark=1` or `-m1`: the name, and what is attached to it. */
function splitOption(word: string): [name: string, attached?: string] {
  if (!word.startsWith("--")) return [word.slice(0, 2), word.slice(2) || undefined];
  const equals = word.indexOf("=");
  return equals < 0 ? [word] : [word.slice(0, equals), word.slice(equals + 1)];
}

function find(name: string, options: Options): [key: string, option: Option] {
  const found = Object.entries(options).find(([, option]) => flags(option).includes(name));
  if (found !== undefined) return found;
  const names = Object.values(options).map(({ long }) => long);
  const meant = name.startsWith("--") ? nearest(name, names) : undefined;
  const hint = meant === undefined ? "" : `did you mean ${meant}? `;
  throw usageError(`unknown option ${name}`, hint + SEE_HELP);
}
