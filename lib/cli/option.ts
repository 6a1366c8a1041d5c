/** What a shell can offer for a value. */
export type Offer =
  | { readonly kind: "words"; readonly words: readonly string[] }
  /** Some of the words, separated by commas. */
  | { readonly kind: "list"; readonly words: readonly string[] }
  /** Files with these suffixes; without suffixes, any file. */
  | { readonly kind: "files"; readonly suffixes: readonly string[] }
  /** Names of the kernel's functions or modules. */
  | { readonly kind: "functions" }
  | { readonly kind: "modules" }
  /** Names of network devices, or of network namespaces. */
  | { readonly kind: "interfaces" }
  | { readonly kind: "namespaces" };

/**
 * Turns the text of an option into its value.
 * @param option its name, for errors: `--mark`
 * @throws {IpftError} wrong usage
 */
export interface Reader<T> {
  (text: string, option: string): T;
  readonly offer?: Offer;
}

/** An option of the command line, as the parser, the help, the completions and the man page see it. */
export interface Option<T = unknown> {
  /** `-m` */
  readonly short?: string;
  /** `--mark` */
  readonly long: string;
  /** Name of its value in the help: `MARK`. Undefined for a flag. */
  readonly value?: string;
  readonly description: string;
  readonly read: Reader<T>;
}

/** Options by the key of their value. */
export type Options = Readonly<Record<string, Option>>;

/** The value of an option. */
type ValueOf<O extends Option> = O extends Option<infer T> ? T : never;

/** The values of the options that were given; the last one of an option that was repeated. */
export type Values<O extends Options> = { readonly [Key in keyof O]?: ValueOf<O[Key]> };

/** An option that was given, and its value. */
export type Given<O extends Options> = {
  readonly [Key in keyof O]: { readonly key: Key; readonly value: ValueOf<O[Key]> };
}[keyof O];

/** A command and all that its help says. */
export interface Command {
  readonly name: string;
  readonly description: string;
  /** What follows its name, one text for each way to call it. */
  readonly usage: readonly string[];
  readonly groups: readonly OptionGroup[];
  readonly argument?: Argument;
  readonly commands: readonly Command[];
  /** Paragraphs that follow the options. */
  readonly notes?: readonly string[];
  readonly examples?: readonly Example[];
}

/** What a command takes besides options. */
export interface Argument {
  /** As the help shows it: `SCRIPT`. */
  readonly name: string;
  readonly offer: Offer;
}

/** A command line to copy. */
export interface Example {
  readonly command: string;
  /** What it does, unless that is obvious. */
  readonly meaning?: string;
}

/** Options that the help shows under one heading. */
export interface OptionGroup {
  readonly heading: string;
  readonly options: Options;
}

/** Makes an option without a value. @param names `-l, --list` */
export function flag(names: string, description: string): Option<true> {
  return { ...splitNames(names), description, read: () => true };
}

/** Makes an option with a value. @param names `-m, --mark MARK` */
export function valued<T>(names: string, description: string, read: Reader<T>): Option<T> {
  return { ...splitNames(names), description, read };
}

function splitNames(names: string): Pick<Option, "short" | "long" | "value"> {
  const [, short, long, value] = /^(?:(-\w), )?(--[\w-]+)(?: (\w+))?$/.exec(names)!;
  return { short, long, value };
}

/** Returns all options of a command, in the order of its help. */
export function optionsOf({ groups }: Command): Option[] {
  return groups.flatMap(({ options }) => Object.values(options));
}

/** Returns the names of an option: `-m` and `--mark`. */
export function flags({ short, long }: Option): string[] {
  return short === undefined ? [long] : [short, long];
}

/** Returns an option as the help shows it: `-m, --mark MARK`. */
export function term(option: Option): string {
  return [flags(option).join(", "), option.value].filter(Boolean).join(" ");
}
