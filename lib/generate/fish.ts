import { type CommandRow, flags, type OptionRow } from "../cli_table.ts";
import type { Offer } from "../cli_values.ts";
import COMPLETION from "./completion.fish" with { type: "text" };
import { fill, FUNCTIONS, MODULES } from "./fill.ts";

/** What fish sources to complete ipft's command line. */
export function fishCompletion(ipft: CommandRow): string {
  const commands = [ipft, ...ipft.commands];
  const valued = commands.flatMap(({ name, options }) =>
    options.filter(({ value }) => value !== undefined).flatMap(flags)
      .map((flag) => quoted(`${name} ${flag}`))
  );
  return fill(COMPLETION, {
    COMMANDS: ipft.commands.map(({ name }) => name).join(" "),
    VALUED: valued.join(" "),
    COMPLETIONS: [
      ...ipft.commands.map(({ name, description }) =>
        `${complete("ipft")} -a ${name} -d ${quoted(description)}`
      ),
      ...commands.flatMap(({ name, options, argument }) => [
        ...options.map((option) => optionLine(name, option)),
        ...argument ? [`${complete(name)} ${offerWords(argument)}`] : [],
      ]),
    ].join("\n"),
    FUNCTIONS,
    MODULES,
  });
}

function complete(command: string): string {
  return `complete -c ipft -n '__ipft_is ${command}'`;
}

function optionLine(command: string, option: OptionRow): string {
  const { short, long, value, description, offer } = option;
  return [
    complete(command),
    ...short === undefined ? [] : [`-s ${short.slice(1)}`],
    `-l ${long.slice(2)}`,
    ...value === undefined ? [] : [offerWords(offer)],
    `-d ${quoted(description)}`,
  ].join(" ");
}

function offerWords(offer: Offer | undefined): string {
  if (offer === undefined) return "-x";
  switch (offer.kind) {
    case "words":
      return `-x -a '${offer.words.join(" ")}'`;
    case "files":
      return offer.suffixes.length === 0
        ? "-r -F"
        : `-x -a '(__ipft_files ${offer.suffixes.join(" ")})'`;
    default:
      return `-x -a '(__ipft_${offer.kind})'`;
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, "\\$&")}'`;
}
