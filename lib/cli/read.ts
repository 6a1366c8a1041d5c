import { usageError } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";
import { flags, type Given, type Option, type Options, term, type Values } from "./option.ts";
import { SEE_HELP } from "./values.ts";

/** Arguments, sorted by kind. */
export interface Arguments<O extends Options> {
  /** The options in the order in which they were given. */
  readonly given: readonly Given<O>[];
  /** The same by key. */
  readonly values: Values<O>;
  /** Words that are not options. */
  readonly operands: readonly string[];
  /** A command and everything that follows it. */
  readonly rest: readonly string[];
}

/**
 * Reads options as getopt_long(3) does: `-m1`, `-m 1`, `--mark=1`, `--mark 1`, `-lv`.
 * @param commands words that end the options, unless another operand has come before
 * @throws {IpftError} wrong usage
 */
export function readOptions<O extends Options>(
  options: O,
  args: readonly string[],
  commands: readonly string[] = [],
): Arguments<O> {
  const given: { key: string; value: unknown }[] = [];
  const operands: string[] = [];
  let i = 0;
  for (; i < args.length; i++) {
    let word = args[i];
    if (word === "-" || !word.startsWith("-")) {
      if (operands.length === 0 && commands.includes(word)) break;
      operands.push(word);
      continue;
    }
    while (word !== "") {
      const [name, attached] = splitOption(word);
      const [key, option] = find(name, options);
      word = "";
      if (option.value !== undefined) {
        const text = attached ?? args[++i];
        if (text === undefined) throw usageError(`${term(option)} needs a value`, SEE_HELP);
        given.push({ key, value: option.read(text, option.long) });
        continue;
      }
      if (attached !== undefined) {
        if (name === option.long) throw usageError(`${name} takes no value`, SEE_HELP);
        word = `-${attached}`;
      }
      given.push({ key, value: option.read("", option.long) });
    }
  }
  return {
    given: given as Given<O>[],
    values: Object.fromEntries(given.map(({ key, value }) => [key, value])) as Values<O>,
    operands,
    rest: args.slice(i),
  };
}

/** Splits `--mark=1` or `-m1` into the name and what is attached to it. */
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
