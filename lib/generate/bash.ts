import { type CommandRow, flags } from "../cli_table.ts";
import type { Offer } from "../cli_values.ts";
import COMPLETION from "./completion.bash" with { type: "text" };
import { fill, FUNCTIONS, MODULES } from "./fill.ts";

/** What bash sources to complete ipft's command line. */
export function bashCompletion(ipft: CommandRow): string {
  const commands = [ipft, ...ipft.commands];
  return fill(COMPLETION, {
    COMMANDS: ipft.commands.map(({ name }) => name).join(" "),
    OPTIONS: commands.map(optionsCase).join("\n"),
    OFFERS: commands.flatMap(offerCases).join("\n"),
    FUNCTIONS,
    MODULES,
  });
}

function optionsCase({ name, commands, options }: CommandRow): string {
  const words = [...commands.map(({ name }) => name), ...options.flatMap(flags)];
  return `\t${name}) words="${words.join(" ")}" ;;`;
}

function offerCases({ name, options, argument }: CommandRow): string[] {
  const valued = options.filter(({ value }) => value !== undefined).map((option) => {
    const patterns = flags(option).map((flag) => `"${name} ${flag}"`);
    return `\t${patterns.join(" | ")}) offer="${offerWords(option.offer)}" ;;`;
  });
  return argument ? [...valued, `\t"${name} ") offer="${offerWords(argument)}" ;;`] : valued;
}

function offerWords(offer: Offer | undefined): string {
  if (offer === undefined) return "nothing";
  switch (offer.kind) {
    case "words":
      return `words ${offer.words.join(" ")}`;
    case "files":
      return ["files", ...offer.suffixes].join(" ");
    default:
      return offer.kind;
  }
}
