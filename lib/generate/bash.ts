import { type Command, flags, type Offer, optionsOf } from "../cli/option.ts";
import COMPLETION from "./completion.bash" with { type: "text" };
import { fill, PATHS } from "./fill.ts";

/** Returns the script that bash sources to complete ipft's command line. */
export function bashCompletion(ipft: Command): string {
  const commands = [ipft, ...ipft.commands];
  return fill(COMPLETION, {
    COMMANDS: ipft.commands.map(({ name }) => name).join(" "),
    OPTIONS: commands.map(optionsCase).join("\n"),
    OFFERS: commands.flatMap(offerCases).join("\n"),
    ...PATHS,
  });
}

function optionsCase(command: Command): string {
  return `\t${command.name}) words="${optionsOf(command).flatMap(flags).join(" ")}" ;;`;
}

function offerCases(command: Command): string[] {
  const { name, argument } = command;
  const valued = optionsOf(command).filter(({ value }) => value !== undefined).map((option) => {
    const patterns = flags(option).map((flag) => `"${name} ${flag}"`);
    return `\t${patterns.join(" | ")}) offer="${offerWords(option.read.offer)}" ;;`;
  });
  return argument ? [...valued, `\t"${name} ") offer="${offerWords(argument.offer)}" ;;`] : valued;
}

function offerWords(offer: Offer | undefined): string {
  if (offer === undefined) return "nothing";
  switch (offer.kind) {
    case "words":
    case "list":
      return `${offer.kind} ${offer.words.join(" ")}`;
    case "files":
      return ["files", ...offer.suffixes].join(" ");
    default:
      return offer.kind;
  }
}
