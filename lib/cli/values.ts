import { usageError } from "../base/errors.ts";
import { byNearness, nearest } from "../base/nearest.ts";
import type { Section } from "../event/section.ts";
import type { ExtensionFile } from "../extension/extension.ts";
import type { MarkCondition } from "../filter/mark.ts";
import { parseUint32 } from "./numbers.ts";
import type { Offer, Reader } from "./option.ts";

/** The remedy for most wrong usage. */
export const SEE_HELP = "see ipft --help";

/** Makes a reader that tells shells what to offer. */
function offering<T>(offer: Offer, read: Reader<T>): Reader<T> & { readonly offer: Offer } {
  return Object.assign(read, { offer });
}

/** Reads a number above 0. */
export function positive(text: string, option: string): number {
  const value = parseUint32(text, option);
  if (value > 0) return value;
  throw usageError(`${option} 0 is too small`, "give 1 or more");
}

/** What the kernel programs can follow at once, at most. */
export const MOST_FOLLOWED = 2 ** 22;

/** Reads how many packets may be followed at once. */
export function followedPackets(text: string, option: string): number {
  const value = parseUint32(text, option);
  if (value > 0 && value <= MOST_FOLLOWED) return value;
  throw usageError(
    `${option} '${text}' is not a number of packets to follow`,
    `give one from 1 to ${MOST_FOLLOWED}`,
  );
}

/** Reads a TCP port. Port 0, any free one, is refused: nobody would know which. */
export function port(text: string, option: string): number {
  const value = parseUint32(text, option);
  if (value > 0 && value <= 0xffff) return value;
  throw usageError(`${option} '${text}' is not a TCP port`, "give one from 1 to 65535");
}

/**
 * Makes a reader of regular expressions, which `compilePattern` checks.
 * @param kind the names that they search
 */
export function regex(kind: "functions" | "modules"): Reader<string> {
  return offering({ kind }, (text) => text);
}

/** Reads any text. */
export const text: Reader<string> = (text) => text;

/** Reads the name of a network namespace, which `openFilter` looks up. */
export const namespace = offering({ kind: "namespaces" }, (name) => name);

/** Reads the name of a network device, also with its namespace, which `openFilter` looks up. */
export const device = offering({ kind: "interfaces" }, (name) => name);

/** Reads the path of a file of any name. */
export const file = offering({ kind: "files", suffixes: [] }, (path) => path);

const LANGUAGES: Readonly<Record<string, ExtensionFile["language"]>> = {
  ".c": "c",
  ".o": "object",
  ".lua": "lua",
};

/** Reads the path of a Lua script of any name. */
export const script = offering(
  file.offer,
  (path): ExtensionFile => ({ language: "lua", path }),
);

const EXTENSIONS = { kind: "files", suffixes: Object.keys(LANGUAGES) } as const;

/** Reads the path of an extension, whose suffix names its language. */
export const extension = offering(EXTENSIONS, (path, option): ExtensionFile => {
  const language = LANGUAGES[/\.[^./]*$/.exec(path)?.[0] ?? ""];
  if (language !== undefined) return { language, path };
  throw usageError(
    `${option} '${path}' does not end in .c, .o or .lua`,
    "rename it, or give a Lua script with --script",
  );
});

/**
 * Makes a reader of one of some words.
 * @param kinds all words; whoever mistypes one is told those of its kind
 */
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

/**
 * Makes a reader of a list of sections, `tuple,dev`: names separated by commas, each added in turn. `all`
 * adds every section, `none` removes every one, and `-name` removes one.
 * @returns the sections in the order of `known`
 */
export function sectionList(known: readonly Section[]): Reader<readonly Section[]> {
  const words = ["all", "none", ...known.map(({ name }) => name)];
  return offering({ kind: "list", words }, (text, option) => {
    const chosen = new Set<Section>();
    for (const word of text.split(",")) {
      const name = word.replace(/^-/, "");
      const section = known.find((section) => section.name === name);
      if (section !== undefined) {
        if (word === name) chosen.add(section);
        else chosen.delete(section);
      } else if (word === "all") known.forEach((section) => chosen.add(section));
      else if (word === "none") chosen.clear();
      else {
        const meant = nearest(name, words);
        const hint = meant === undefined ? "" : `did you mean ${meant}? `;
        throw usageError(`${option} '${word}' is not known`, `${hint}give ${orList(words)}`);
      }
    }
    return known.filter((section) => chosen.has(section));
  });
}

/** Returns `a`, `a or b`, `a, b or c`. */
function orList(words: readonly string[]): string {
  const [last, ...others] = words.toReversed();
  return others.length === 0 ? last : `${others.reverse().join(", ")} or ${last}`;
}

/** Checks that unmarked packets, whose mark is 0, do not match. */
export function checkedMark(value: number, mask: number): MarkCondition {
  const why = "every packet without a mark would match";
  if (value === 0) throw usageError(`--mark 0: ${why}`, "give another mark, e.g. ipft -m 1234");
  if (mask === 0) throw usageError(`--mask 0: ${why}`, "give a mask that covers the mark's bits");
  if ((value & mask) === 0) {
    const [valueHex, maskHex] = [value, mask].map((number) => `0x${number.toString(16)}`);
    throw usageError(
      `--mark ${valueHex} and --mask ${maskHex} have no bit in common: ${why}`,
      "give a mask that covers the mark's bits",
    );
  }
  return { value, mask };
}

/** Rejects words where there is nothing but options. */
export function rejectOperands(operands: readonly string[]): void {
  if (operands.length === 0) return;
  throw usageError(`unknown argument '${operands[0]}'`, SEE_HELP);
}
