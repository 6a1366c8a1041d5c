/** What a shell can offer for a value: words, files by the end of their name, or names of the kernel. */
export type Offer =
  | { readonly kind: "words"; readonly words: readonly string[] }
  /** No suffixes: files of any name. */
  | { readonly kind: "files"; readonly suffixes: readonly string[] }
  | { readonly kind: "functions" }
  | { readonly kind: "modules" };

/** Makes an option's value of its text; what it refuses becomes wrong usage that names the option. */
export interface Reader<T> {
  (text: string, option: string): T;
  readonly offer?: Offer;
}

/** An option of the command line, as its parser, the help, the completions and the manual need it. */
export interface Option<T = unknown> {
  /** `-m` */
  readonly short?: string;
  /** `--mark` */
  readonly long: string;
  /** What the help calls its value: `MARK`. None: the option is a flag. */
  readonly value?: string;
  readonly description: string;
  readonly read: Reader<T>;
}

/** Options by the key of their value. */
export type Options = Readonly<Record<string, Option>>;

/** What was given of some options. */
export type Values<O extends Options> = {
  readonly [Key in keyof O]?: O[Key] extends Option<infer T> ? T : never;
};

/** A command, with everything that its help says. */
export interface Command {
  readonly name: string;
  readonly description: string;
  /** What follows its name, one text for each way to call it. */
  readonly usage: readonly string[];
  readonly groups: readonly OptionGroup[];
  readonly argument?: { readonly name: string; readonly offer: Offer };
  readonly commands: readonly Command[];
  /** What ends the help. */
  readonly notes?: string;
}

export interface OptionGroup {
  readonly heading: string;
  readonly options: Options;
}

/** @param names `-l, --list` */
export function flag(names: string, description: string): Option<true> {
  return { ...splitNames(names), description, read: () => true };
}

/** @param names `-m, --mark MARK` */
export function valued<T>(names: string, description: string, read: Reader<T>): Option<T> {
  return { ...splitNames(names), description, read };
}

function splitNames(names: string): Pick<Option, "short" | "long" | "value"> {
  const [, short, long, value] = /^(?:(-\w), )?(--[\w-]+)(?: (\w+))?$/.exec(names)!;
  return { short, long, value };
}

/** All options of a command, in the order of its help. */
export function optionsOf({ groups }: Command): Option[] {
  return groups.flatMap(({ options }) => Object.values(options));
}

/** The names of an option: `-m` and `--mark`. */
export function flags({ short, long }: Option): string[] {
  return short === undefined ? [long] : [short, long];
}

/** An option as the help shows it: `-m, --mark MARK`. */
export function term(option: Option): string {
  return [flags(option).join(", "), option.value].filter(Boolean).join(" ");
}
