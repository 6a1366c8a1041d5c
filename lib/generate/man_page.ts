import denoJson from "../../deno.json" with { type: "json" };
import { type Command, type Option, optionsOf } from "../cli/option.ts";
import { fill } from "./fill.ts";
import PAGE from "./ipft.1" with { type: "text" };

/** The manual page, for man(7). */
export function manPage(ipft: Command): string {
  const [marks, examples] = ipft.notes!.trim().split("\n\nExamples:\n");
  return fill(PAGE, {
    VERSION: denoJson.version,
    SYNOPSIS: ipft.usage.map((usage) => `.B ipft\n${synopsis(usage)}`).join("\n.br\n"),
    DESCRIPTION: roff(ipft.description),
    MARKS: roff(marks),
    OPTIONS: optionSections(ipft),
    COMMANDS: ipft.commands.map(commandSection).join("\n"),
    EXAMPLES: examples.split("\n").map(example).join("\n"),
  });
}

/**
 * A text as it is: all that a reader may copy stays ASCII (roff would make a hyphen of `-`, an accent of
 * `^`), and no line is taken for a request.
 */
export function roff(text: string): string {
  const characters: Readonly<Record<string, string>> = {
    "\\": "\\e",
    "-": "\\-",
    "'": "\\(aq",
    "`": "\\(ga",
    "^": "\\(ha",
    "~": "\\(ti",
  };
  return text.replaceAll(/[\\\-'`^~]/g, (character) => characters[character])
    .replaceAll(/^\./gm, "\\&.");
}

function bold(text: string): string {
  return `\\fB${roff(text)}\\fR`;
}

function italic(text: string): string {
  return `\\fI${roff(text)}\\fR`;
}

/** A text with its options and, in capitals, its values set apart. */
function synopsis(text: string): string {
  return text.split(/((?<![\w-])--?(?:[a-z][\w-]*)?|\b[A-Z]+\b)/).map((part, i) => {
    if (i % 2 === 0) return roff(part);
    return part.startsWith("-") ? bold(part) : italic(part);
  }).join("");
}

/** A sentence that may name options. */
function sentence(text: string): string {
  return text.split(/((?<![\w-])--?[a-z][\w-]*)/)
    .map((part, i) => i % 2 === 0 ? roff(part) : bold(part)).join("");
}

/** Options below the heading of their group. */
function optionSections({ groups }: Command): string {
  return groups.flatMap(({ heading, options }) => [
    `.SS ${roff(heading)}`,
    ...Object.values(options).map(optionItem),
  ]).join("\n");
}

function optionItem({ short, long, value, description }: Option): string {
  const names = [short, long].filter((name) => name !== undefined).map(bold).join(", ");
  const term = value === undefined ? names : `${names} ${italic(value)}`;
  return `.TP\n${term}\n${sentence(description)}`;
}

function commandSection(command: Command): string {
  const { name, description, usage } = command;
  return [
    `.SS ${roff(`ipft ${name}`)}`,
    ...usage.map((usage) => `${bold(`ipft ${name}`)} ${synopsis(usage)}`),
    ".PP",
    sentence(description),
    ...optionsOf(command).map(optionItem),
  ].join("\n");
}

/** `command   what it does`, where the command may speak for itself. */
function example(line: string): string {
  const [command, meaning] = line.trim().split(/ {2,}/);
  return meaning === undefined
    ? `.PP\n${bold(command)}`
    : `.TP\n${bold(command)}\n${sentence(meaning)}`;
}
