import { Command as Commander, CommanderError } from "@commander-js/extra-typings";
import { DATA_BYTES } from "./bpf/event.ts";
import { type IpftError, usageError } from "./errors.ts";
import { byNearness, nearest } from "./nearest.ts";
import { parseBytes, parseRingSize, parseUint32 } from "./numbers.ts";
import {
  BACKENDS,
  type ExtensionFile,
  type FunctionFilter,
  OUTPUT_FORMATS,
  type ScriptTrial,
  TEMPLATE_NAMES,
  type TemplateName,
  type TraceOptions,
  TRACERS,
} from "./options.ts";

/** What the command line asks for. */
export type Command =
  | { readonly kind: "trace"; readonly options: TraceOptions }
  | { readonly kind: "list"; readonly filter: FunctionFilter }
  | { readonly kind: "doctor"; readonly verbose: boolean }
  | { readonly kind: "lua"; readonly trial: ScriptTrial }
  | { readonly kind: "generate"; readonly template: TemplateName }
  | { readonly kind: "version" }
  /** `--help`: a text for stdout. */
  | { readonly kind: "print"; readonly text: string };

const DEFAULT_MASK = 0xffff_ffff;
const DEFAULT_BUFFER_BYTES = 64 * 2 ** 20;

const USAGE = `-m MARK [options]
       ipft -l [-r REGEX] [--module-regex REGEX]
       ipft --gen TEMPLATE
       ipft lua SCRIPT [--data HEX] [-o FORMAT]
       ipft doctor [-v]`;

const EXAMPLES = `
MARK and MASK are decimal, 0x hexadecimal or 0 octal.

Examples:
  ipft -m 1234                      while elsewhere: ping -m 1234 192.0.2.1
  ipft -m 0x10 --mask 0xf0 -o json  marks whose second last hex digit is 1
  ipft -m 1234 -e foo.c             with data from C: see docs/extensions.md
  ipft -m 1234 -s foo.lua           with data formatted in Lua: see docs/lua.md
  ipft -m 1234 -r '^(ip|tcp)_'      only functions whose names begin so
  ipft -l --module-regex '^nf_'     the functions of netfilter's modules`;

/** The remedy for most wrong usage. */
const SEE_HELP = "see ipft --help";

/**
 * Reads the command line.
 * @param args what follows the program's name
 * @throws {IpftError} wrong usage
 */
export function parseCommandLine(args: readonly string[]): Command {
  let command: Command | undefined;
  let printed = "";
  const program = commander((parsed) => command = parsed, (text) => printed += text);
  try {
    program.parse(args, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw asUsageError(error);
  }
  return command ?? { kind: "print", text: printed };
}

/** The options and their help. Defaults are applied later, so that the help can name them its way. */
function commander(run: (command: Command) => void, print: (text: string) => void) {
  const program = new Commander("ipft")
    .usage(USAGE)
    .description("Shows which functions of the Linux kernel each marked packet goes through.")
    .exitOverride()
    .configureOutput({
      writeOut: print,
      outputError: () => {},
      getOutHelpWidth: () => 80,
      getOutHasColors: () => false,
    })
    .enablePositionalOptions()
    .allowExcessArguments()
    .helpCommand(false)
    .addHelpText("after", EXAMPLES)
    .optionsGroup("Packets and functions:")
    .option("-m, --mark <MARK>", "trace packets with this mark", uint32("--mark"))
    .option("--mask <MASK>", "bits of the mark to compare (default: 0xffffffff)", uint32("--mask"))
    .option("-r, --regex <REGEX>", "only functions whose name matches", regex("--regex"))
    .option(
      "--module-regex <REGEX>",
      "only functions whose module matches; built-in ones are in vmlinux",
      regex("--module-regex"),
    )
    .optionsGroup("Tracing:")
    .option(
      "-b, --backend <BACKEND>",
      `${BACKENDS.join(", ")} (default: the best)`,
      choice("--backend", BACKENDS),
    )
    .option(
      "-t, --tracer <TRACER>",
      "function: the entry of functions (default); function_graph: their return, too",
      choice("--tracer", TRACERS),
    )
    .option(
      "--buffer-size <SIZE>",
      "ring buffer in bytes, or with K, M or G; rounded up to a power of two, 4K to 2G (default: 64M)",
      (text: string) => parseRingSize(text, "--buffer-size"),
    )
    .optionsGroup("Output:")
    .option(
      "-o, --output <FORMAT>",
      `${OUTPUT_FORMATS.join(", ")} (default: aggregate)`,
      choice("--output", OUTPUT_FORMATS),
    )
    .option(
      "-e, --extension <PATH>",
      "adds data to each event: C source (.c), compiled (.o), or Lua (.lua)",
      extension,
    )
    .option(
      "-s, --script <PATH>",
      "the same for a Lua script of any name",
      (path): ExtensionFile => ({ language: "lua", path }),
    )
    .option("-v, --verbose", "show what libbpf and the kernel's verifier say")
    .optionsGroup("Instead of tracing:")
    .option("-l, --list", "list the functions that can be traced")
    .option(
      "--gen <TEMPLATE>",
      `print what an extension begins with: ${TEMPLATE_NAMES.join(", ")}`,
      choice("--gen", TEMPLATE_NAMES),
    )
    .helpOption("-h, --help", "show this help")
    .option("--version", "show the version, and of what it is made")
    .action((options, { args }) => {
      const names = program.options.flatMap(({ long }) => long ?? []);
      rejectArguments(args, ["lua", "doctor", "--help", ...names]);
      const filter = { functionRegex: options.regex, moduleRegex: options.moduleRegex };
      if (options.version) return run({ kind: "version" });
      if (options.list) return run({ kind: "list", filter });
      if (options.gen) return run({ kind: "generate", template: options.gen });
      if (options.script && options.extension) {
        throw usageError("both --script and --extension given", "an event has data of one of them");
      }
      const { mark, mask = DEFAULT_MASK } = options;
      run({
        kind: "trace",
        options: {
          mark: checkedMark(mark, mask),
          mask,
          backend: options.backend,
          tracer: options.tracer ?? "function",
          output: options.output ?? "aggregate",
          extension: options.extension ?? options.script,
          filter,
          bufferSizeBytes: options.bufferSize ?? DEFAULT_BUFFER_BYTES,
          verbose: options.verbose ?? false,
        },
      });
    });
  program.command("lua")
    .description("try a Lua script: run its functions on given bytes, without the kernel")
    .usage("SCRIPT [--data HEX] [-o FORMAT]")
    .argument("<SCRIPT>")
    .option(
      "--data <HEX>",
      `what the module would give, at most ${DATA_BYTES} bytes (default: zeros)`,
      (text: string) => parseBytes(text, "--data", DATA_BYTES),
    )
    .option(
      "-o, --output <FORMAT>",
      `${OUTPUT_FORMATS.join(", ")} (default: aggregate)`,
      choice("--output", OUTPUT_FORMATS),
    )
    .helpOption("-h, --help", "show this help")
    .allowExcessArguments()
    .action((script, options, { args }) => {
      rejectArguments(args.slice(1), []);
      const output = options.output ?? program.opts().output;
      const data = options.data ?? new Uint8Array(DATA_BYTES);
      run({ kind: "lua", trial: { script, data, isJson: output === "json" } });
    });
  program.command("doctor")
    .description("show what this kernel can do and what is missing")
    .option("-v, --verbose", "show what libbpf and the kernel's verifier say")
    .helpOption("-h, --help", "show this help")
    .allowExcessArguments()
    .action((options, { args }) => {
      rejectArguments(args, []);
      run({ kind: "doctor", verbose: options.verbose ?? program.opts().verbose ?? false });
    });
  return program;
}

function uint32(option: string) {
  return (text: string) => parseUint32(text, option);
}

function regex(option: string) {
  return (text: string) => {
    try {
      return new RegExp(text);
    } catch (error) {
      // "Invalid regular expression: /(/: Unterminated group"
      const reason = (error as SyntaxError).message.split(": ").at(-1);
      throw usageError(`${option} '${text}' is not a regular expression: ${reason}`);
    }
  };
}

const LANGUAGES: Readonly<Record<string, ExtensionFile["language"]>> = {
  ".c": "c",
  ".o": "object",
  ".lua": "lua",
};

function extension(path: string): ExtensionFile {
  const language = LANGUAGES[/\.[^./]*$/.exec(path)?.[0] ?? ""];
  if (language !== undefined) return { language, path };
  throw usageError(
    `--extension '${path}' ends in neither .c, .o nor .lua`,
    "the name of the file says how it is used",
  );
}

function choice<const T extends string>(option: string, choices: readonly T[]) {
  return (text: string) => {
    const chosen = choices.find((name) => name === text);
    if (chosen !== undefined) return chosen;
    throw usageError(
      `${option} '${text}' is not known`,
      `give ${orList(byNearness(text, choices))}`,
    );
  };
}

/** `a`, `a or b`, `a, b or c`. */
function orList(words: readonly string[]): string {
  const [last, ...others] = words.toReversed();
  return others.length === 0 ? last : `${others.reverse().join(", ")} or ${last}`;
}

/** A mark that unmarked packets, whose mark is 0, do not match. */
function checkedMark(mark: number | undefined, mask: number): number {
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
 * Rejects arguments that are neither options nor commands.
 * @param words what may have been meant
 */
function rejectArguments(args: readonly string[], words: readonly string[]): void {
  if (args.length === 0) return;
  const meant = nearest(args[0], words);
  const hint = meant === undefined ? "" : `did you mean ${meant}? `;
  throw usageError(`unknown argument '${args[0]}'`, hint + SEE_HELP);
}

/** Says in one line what commander found wrong, and what it thinks was meant. */
function asUsageError({ code, message }: CommanderError): IpftError {
  const [what, hint] = message.replace(/^error: /, "").split("\n");
  const [, quoted = what] = /'(.*)'/.exec(what) ?? [];
  switch (code) {
    case "commander.unknownOption": {
      const meant = hint === undefined ? "" : hint.replace(/^\(D(.*)\)$/, "d$1 ");
      return usageError(`unknown option ${quoted}`, meant + SEE_HELP);
    }
    case "commander.missingArgument":
      return usageError(`no argument ${quoted} given`, SEE_HELP);
    case "commander.optionMissingArgument":
      return usageError(`${quoted} lacks its value`, SEE_HELP);
    default:
      return usageError(what, SEE_HELP);
  }
}
