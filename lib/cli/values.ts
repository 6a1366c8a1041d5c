import { usageError } from "../base/errors.ts";
import { byNearness, nearest } from "../base/nearest.ts";
import { parseUint32 } from "./numbers.ts";
import type { ExtensionFile } from "./options.ts";
import type { Offer, Reader } from "./option.ts";

/** The remedy for most wrong usage. */
export const SEE_HELP = "see ipft --help";

/** A reader that says what there is to choose from. */
function offering<T>(offer: Offer, read: Reader<T>): Reader<T> & { readonly offer: Offer } {
  return Object.assign(read, { offer });
}

/** A number above 0. */
export function positive(text: string, option: string): number {
  const value = parseUint32(text, option);
  if (value > 0) return value;
  throw usageError(`${option} 0: it must be 1 at least`);
}

/** A TCP port; 0 is any that is free, which nobody would know of. */
export function port(text: string, option: string): number {
  const value = parseUint32(text, option);
  if (value > 0 && value <= 0xffff) return value;
  throw usageError(`${option} '${text}' is not a TCP port`, "give one from 1 to 65535");
}

/** @param kind the names that it is meant for */
export function regex(kind: "functions" | "modules"): Reader<RegExp> {
  return offering({ kind }, (text, option) => {
    try {
      return new RegExp(text);
    } catch (error) {
      // "Invalid regular expression: /(/: Unterminated group"
      const reason = (error as SyntaxError).message.split(": ").at(-1);
      throw usageError(`${option} '${text}' is not a regular expression: ${reason}`);
    }
  });
}

export const text: Reader<string> = (text) => text;

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

export const extension = offering(EXTENSIONS, (path, option): ExtensionFile => {
  const language = LANGUAGES[/\.[^./]*$/.exec(path)?.[0] ?? ""];
  if (language !== undefined) return { language, path };
  throw usageError(
    `${option} '${path}' ends in neither .c, .o nor .lua`,
    "the name of the file says how it is used",
  );
});

/** @param kinds all that can be chosen; who mistypes one is told of its kind */
export function choice<const T extends string>(
  ...kinds: readonly (readonly T[])[]
): Reader<T> {
  const choices = kinds.flat();
  return offering({ kind: "words", words: choices }, (text, option) => {
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
 * Rejects words that are neither options nor commands.
 * @param words what may have been meant
 */
export function rejectOperands(operands: readonly string[], words: readonly string[]): void {
  if (operands.length === 0) return;
  const meant = nearest(operands[0], words);
  const hint = meant === undefined ? "" : `did you mean ${meant}? `;
  throw usageError(`unknown argument '${operands[0]}'`, hint + SEE_HELP);
}
