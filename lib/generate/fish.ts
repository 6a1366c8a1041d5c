import { type Command, flags, type Offer, type Option, optionsOf } from "../cli/option.ts";
import COMPLETION from "./completion.fish" with { type: "text" };
import { fill, PATHS } from "./fill.ts";

/** Returns the script that fish sources to complete ipft's command line. */
export function fishCompletion(ipft: Command): string {
  const commands = [ipft, ...ipft.commands];
  const valued = commands.flatMap((command) =>
    optionsOf(command).filter(({ value }) => value !== undefined).flatMap(flags)
      .map((flag) => quoted(`${command.name} ${flag}`))
  );
  return fill(COMPLETION, {
    COMMANDS: ipft.commands.map(({ name }) => name).join(" "),
    VALUED: valued.join(" "),
    COMPLETIONS: [
      ...ipft.commands.map(({ name, description }) =>
        `${complete("start")} -a ${name} -d ${quoted(description)}`
      ),
      ...commands.flatMap((command) => [
        ...optionsOf(command).map((option) => optionLine(command.name, option)),
        ...argumentLine(command),
      ]),
    ].join("\n"),
    ...PATHS,
  });
}

function complete(command: string): string {
  return `complete -c ipft -n '__ipft_is ${command}'`;
}

function argumentLine({ name, argument }: Command): string[] {
  return argument === undefined ? [] : [`${complete(name)} ${offerWords(argument.offer)}`];
}

function optionLine(command: string, option: Option): string {
  const { short, long, value, description, read } = option;
  return [
    complete(command),
    ...short === undefined ? [] : [`-s ${short.slice(1)}`],
    `-l ${long.slice(2)}`,
    ...value === undefined ? [] : [offerWords(read.offer)],
    `-d ${quoted(description)}`,
  ].join(" ");
}

function offerWords(offer: Offer | undefined): string {
  if (offer === undefined) return "-x";
  switch (offer.kind) {
    case "words":
      return `-x -a '${offer.words.join(" ")}'`;
    case "list":
      return `-x -a '(__ipft_list ${offer.words.join(" ")})'`;
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
