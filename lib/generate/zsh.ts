import { type Command, flags, type Offer, type Option, optionsOf } from "../cli/option.ts";
import COMPLETION from "./completion.zsh" with { type: "text" };
import { fill, PATHS } from "./fill.ts";

/** Returns the function that zsh autoloads as `_ipft` to complete ipft's command line. */
export function zshCompletion(ipft: Command): string {
  const commands = ipft.commands.map(({ name, description }) =>
    `${name}\\:${quoted(description.replaceAll(":", "\\:"))}`
  );
  const options = optionsOf(ipft).map(optionSpec);
  const specs = [...options, "'(-)1: :->first'", "'(-)*::argument:->argument'"];
  const { name, offer } = ipft.argument!;
  const first = [`commands:command:((${commands.join(" ")}))`, `words:${name}:${action(offer)}`];
  const cases = ipft.commands.map((command) => [
    `\t${command.name})`,
    argumentsCall([
      ...optionsOf(command).map(optionSpec),
      ...argumentSpec(command),
    ], "\t\t"),
    "\t\t;;",
  ]);
  return fill(COMPLETION, {
    COMMANDS: [
      `${argumentsCall(specs, "\t", "-C")} && return`,
      "\tif [[ $state == first ]]; then",
      `\t\t_alternative ${first.map(quoted).join(" ")}`,
      "\t\treturn",
      "\tfi",
      "\t[[ $state == argument ]] || return",
      "\tcase $words[1] in",
      ...cases.flat(),
      "\t*)",
      argumentsCall([...options, quoted(`*:${name}:${action(offer)}`)], "\t\t"),
      "\t\t;;",
      "\tesac",
    ].join("\n"),
    ...PATHS,
  });
}

function argumentSpec({ argument }: Command): string[] {
  return argument === undefined ? [] : [quoted(`1:argument:${action(argument.offer)}`)];
}

function argumentsCall(specs: readonly string[], indent: string, flags = ""): string {
  return [`${indent}_arguments -s -S ${flags}`.trimEnd(), ...specs].join(` \\\n${indent}\t`);
}

/** `'(-m --mark)'{-m+,--mark=}'[description]:MARK:ACTION'` */
function optionSpec(option: Option): string {
  const { short, long, value, description, read } = option;
  const end = `[${description.replaceAll(/[\\\][]/g, "\\$&")}]` +
    (value === undefined ? "" : `:${value}:${action(read.offer)}`);
  const [shortSign, longSign] = value === undefined ? ["", ""] : ["+", "="];
  if (short === undefined) return quoted(`${long}${longSign}${end}`);
  const exclusion = quoted(`(${flags(option).join(" ")})`);
  return `${exclusion}{${short}${shortSign},${long}${longSign}}${quoted(end)}`;
}

/** Returns the action of `_arguments` that completes a value. */
function action(offer: Offer | undefined): string {
  if (offer === undefined) return " ";
  switch (offer.kind) {
    case "words":
      return `(${offer.words.join(" ")})`;
    case "list":
      return `_sequence compadd - ${offer.words.join(" ")}`;
    case "files": {
      const suffixes = offer.suffixes.map((suffix) => suffix.slice(1));
      // _files would offer other files where none of these exist.
      return suffixes.length === 0
        ? "_files"
        : `_path_files -g "*.(${suffixes.join("|")})(-.) *(-/)"`;
    }
    default:
      return `_ipft_${offer.kind}`;
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
