import type { CommanderError } from "@commander-js/extra-typings";
import { type IpftError, usageError } from "./errors.ts";
import { byNearness, nearest } from "./nearest.ts";
import { parseUint32 } from "./numbers.ts";
import type { ExtensionFile } from "./options.ts";

/** The remedy for most wrong usage. */
export const SEE_HELP = "see ipft --help";

/** What a shell can offer for a value: words, files by the end of their name, or names of the kernel. */
export type Offer =
  | { readonly kind: "words"; readonly words: readonly string[] }
  /** No suffixes: files of any name. */
  | { readonly kind: "files"; readonly suffixes: readonly string[] }
  | { readonly kind: "functions" }
  | { readonly kind: "modules" };

/** A reader of a value that says what there is to choose from, for completions. */
export interface OfferingReader<T> {
  (text: string): T;
  readonly offer: Offer;
}

function offering<T>(offer: Offer, read: (text: string) => T): OfferingReader<T> {
  return Object.assign(read, { offer });
}

/** Readers of values: what they refuse becomes wrong usage that names the option. */
export function uint32(option: string) {
  return (text: string) => parseUint32(text, option);
}

/** A number above 0. */
export function positive(option: string) {
  return (text: string) => {
    const value = parseUint32(text, option);
    if (value > 0) return value;
    throw usageError(`${option} 0: it must be 1 at least`);
  };
}

/** A TCP port; 0 is any that is free, which nobody would know of. */
export function port(option: string) {
  return (text: string) => {
    const value = parseUint32(text, option);
    if (value > 0 && value <= 0xffff) return value;
    throw usageError(`${option} '${text}' is not a TCP port`, "give one from 1 to 65535");
  };
}

/** @param kind the names that it is meant for */
export function regex(option: string, kind: "functions" | "modules") {
  return offering({ kind }, (text) => {
    try {
      return new RegExp(text);
    } catch (error) {
      // "Invalid regular expression: /(/: Unterminated group"
      const reason = (error as SyntaxError).message.split(": ").at(-1);
      throw usageError(`${option} '${text}' is not a regular expression: ${reason}`);
    }
  });
}

/** The path of a file of any name. */
export const file = offering({ kind: "files", suffixes: [] }, (path) => path);

const LANGUAGES: Readonly<Record<string, ExtensionFile["language"]>> = {
  ".c": "c",
  ".o": "object",
  ".lua": "lua",
};

export const script = offering(
  file.offer,
  (path): ExtensionFile => ({ language: "lua", path }),
);

const EXTENSIONS = { kind: "files", suffixes: Object.keys(LANGUAGES) } as const;

export const extension = offering(EXTENSIONS, (path): ExtensionFile => {
  const language = LANGUAGES[/\.[^./]*$/.exec(path)?.[0] ?? ""];
  if (language !== undefined) return { language, path };
  throw usageError(
    `--extension '${path}' ends in neither .c, .o nor .lua`,
    "the name of the file says how it is used",
  );
});

/** @param kinds all that can be chosen; who mistypes one is told of its kind */
export function choice<const T extends string>(
  option: string,
  ...kinds: readonly (readonly T[])[]
) {
  const choices = kinds.flat();
  return offering({ kind: "words", words: choices }, (text) => {
    const chosen = choices.find((name) => name === text);
    if (chosen !== undefined) return chosen;
    const meant = nearest(text, choices);
    const kind: readonly string[] = kinds.find((kind) => kind.some((name) => name === meant)) ??
      choices;
    throw usageError(`${option} '${text}' is not known`, `give ${orList(byNearness(text, kind))}`);
  });
}

/** `a`, `a or b`, `a, b or c`. */
function orList(words: readonly string[]): string {
  const [last, ...others] = words.toReversed();
  return others.length === 0 ? last : `${others.reverse().join(", ")} or ${last}`;
}

/** A mark that unmarked packets, whose mark is 0, do not match. */
export function checkedMark(mark: number | undefined, mask: number): number {
  if (mark === undefined) {
    throw usageError(
      "no mark given",
      `name the packets to trace, e.g. ipft -m 1234, or ${SEE_HELP}`,
    );
  }
  const why = "every packet without a mark would match";
  if (mark === 0) throw usageError(`--mark 0: ${why}`, "give another mark, e.g. ipft -m 1234");
  if (mask === 0) throw usageError(`--mask 0: ${why}`, "give a mask that covers the mark's bits");
  if ((mark & mask) === 0) {
    const [markHex, maskHex] = [mark, mask].map((value) => `0x${value.toString(16)}`);
    throw usageError(
      `--mark ${markHex} and --mask ${maskHex} have no bit in common: ${why}`,
      "give a mask that covers the mark's bits",
    );
  }
  return mark;
}

/**
 * Rejects arguments that are neither options nor commands.
 * @param words what may have been meant
 */
export function rejectArguments(args: readonly string[], words: readonly string[]): void {
  if (args.length === 0) return;
  const meant = nearest(args[0], words);
  const hint = meant === undefined ? "" : `did you mean ${meant}? `;
  throw usageError(`unknown argument '${args[0]}'`, hint + SEE_HELP);
}

/** Says in one line what commander found wrong, and what it thinks was meant. */
export function asUsageError({ code, message }: CommanderError): IpftError {
  const [what, hint] = message.replace(/^error: /, "").split("\n");
  const [, quoted = what] = /'(.*)'/.exec(what) ?? [];
  switch (code) {
    case "commander.unknownOption": {
      const meant = hint === undefined ? "" : hint.replace(/^\(D(.*)\)$/, "d$1 ");
      return usageError(`unknown option ${quoted}`, meant + SEE_HELP);
    }
    case "commander.missingArgument":
      return usageError(`no argument ${quoted} given`, SEE_HELP);
    case "commander.optionMissingArgument":
      return usageError(`${quoted} lacks its value`, SEE_HELP);
    default:
      return usageError(what, SEE_HELP);
  }
}
