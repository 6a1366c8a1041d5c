import denoJson from "../../deno.json" with { type: "json" };
import { type Command, type Example, type Option, optionsOf } from "../cli/option.ts";
import { FORMATS } from "../output/formats.ts";
import { fill } from "./fill.ts";
import PAGE from "./ipft.1" with { type: "text" };

/** Returns the manual page in the language of man(7). */
export function manPage(ipft: Command): string {
  return fill(PAGE, {
    VERSION: denoJson.version,
    SYNOPSIS: ipft.usage.map((usage) => `.B ipft\n${synopsis(usage)}`).join("\n.br\n"),
    DESCRIPTION: roff(ipft.description),
    NOTES: ipft.notes!.map(sentence).join("\n.PP\n"),
    OPTIONS: optionSections(ipft),
    COMMANDS: ipft.commands.map(commandSection).join("\n"),
    FORMATS: FORMATS.map(({ name, description }) => `.TP\n.B ${roff(name)}\n${roff(description)}`)
      .join("\n"),
    EXAMPLES: ipft.examples!.map(example).join("\n"),
  });
}

/**
 * Escapes a text. Whatever a reader may copy stays ASCII (roff would turn `-` into a hyphen and `^` into
 * an accent), and no line is taken for a request.
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

/** Formats usage: options in bold, values (in capitals) in italics. */
function synopsis(text: string): string {
  return text.split(/((?<![\w-])--?(?:[a-z][\w-]*)?|\b[A-Z]+\b)/).map((part, i) => {
    if (i % 2 === 0) return roff(part);
    return part.startsWith("-") ? bold(part) : italic(part);
  }).join("");
}

/** Formats a sentence: the options in it in bold. */
function sentence(text: string): string {
  return text.split(/((?<![\w-])--?[a-z][\w-]*)/)
    .map((part, i) => i % 2 === 0 ? roff(part) : bold(part)).join("");
}

/** Formats the options, each group with its heading. */
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

function example({ command, meaning }: Example): string {
  return meaning === undefined
    ? `.PP\n${bold(command)}`
    : `.TP\n${bold(command)}\n${sentence(meaning)}`;
}
