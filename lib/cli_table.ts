import type { CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import { commandTable } from "./cli.ts";
import type { Offer, OfferingReader } from "./cli_values.ts";

/** A command of ipft's, or ipft itself, as its help shows it. */
export interface CommandRow {
  readonly name: string;
  readonly description: string;
  /** What follows the name, one text for each way to call it. */
  readonly usage: readonly string[];
  /** In the order of the help. */
  readonly options: readonly OptionRow[];
  /** What the first argument can be; undefined where there is none to offer. */
  readonly argument?: Offer;
  readonly commands: readonly CommandRow[];
}

export interface OptionRow {
  /** `-m` */
  readonly short?: string;
  /** `--mark` */
  readonly long: string;
  /** `MARK`; undefined for an option without a value. */
  readonly value?: string;
  readonly description: string;
  /** `Tracing` */
  readonly group: string;
  /** What the value can be; undefined where nothing can be offered. */
  readonly offer?: Offer;
}

/** ipft's own options and its commands, from the parser of the command line. */
export function readCommandTable(): CommandRow {
  return commandRow(commandTable());
}

/** The names of an option: `-m` and `--mark`. */
export function flags({ short, long }: OptionRow): string[] {
  return short === undefined ? [long] : [short, long];
}

function commandRow(command: CommandUnknownOpts): CommandRow {
  const help = command.createHelp();
  const groupOf = ({ helpGroupHeading }: Option) => helpGroupHeading ?? "Options:";
  const groups = help.groupItems([...command.options], help.visibleOptions(command), groupOf);
  return {
    name: command.name(),
    description: command.description(),
    usage: command.usage().split("\n").map((line) => line.replace(/^ +ipft /, "")),
    options: [...groups].flatMap(([heading, options]) =>
      options.map((option) => optionRow(option, heading.replace(/:$/, "")))
    ),
    argument: offerOf(command.registeredArguments[0]),
    commands: command.commands.map(commandRow),
  };
}

function optionRow(option: Option, group: string): OptionRow {
  const { short, long = "", description } = option;
  const value = /<(.*)>/.exec(option.flags)?.[1];
  return { short, long, value, description, group, offer: offerOf(option) };
}

function offerOf(taker: { parseArg?: unknown } | undefined): Offer | undefined {
  return (taker?.parseArg as Partial<OfferingReader<unknown>> | undefined)?.offer;
}
