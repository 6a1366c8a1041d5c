import { Command as Commander, CommanderError } from "@commander-js/extra-typings";
import { DATA_BYTES } from "./bpf/event.ts";
import {
  asUsageError,
  checkedMark,
  choice,
  extension,
  file,
  port,
  positive,
  regex,
  rejectArguments,
  script,
  SEE_HELP,
  uint32,
} from "./cli_values.ts";
import { usageError } from "./errors.ts";
import { parseBytes, parseDuration, parseRingSize, ringSizeOfPages } from "./numbers.ts";
import {
  BACKENDS,
  COMPLETION_NAMES,
  type FunctionFilter,
  type GeneratedName,
  OUTPUT_FORMATS,
  type ScriptTrial,
  TEMPLATE_NAMES,
  type TraceOptions,
  TRACERS,
} from "./options.ts";

/** What the command line asks for. */
export type Command =
  | { readonly kind: "trace"; readonly options: TraceOptions }
  | { readonly kind: "list"; readonly filter: FunctionFilter }
  | { readonly kind: "doctor"; readonly verbose: boolean }
  | { readonly kind: "lua"; readonly trial: ScriptTrial }
  | { readonly kind: "generate"; readonly template: GeneratedName }
  | { readonly kind: "version" }
  /** `--help`: a text for stdout. */
  | { readonly kind: "print"; readonly text: string };

const DEFAULT_MASK = 0xffff_ffff;
const DEFAULT_BUFFER_BYTES = 64 * 2 ** 20;
const DEFAULT_PROBE_PORT = 13720;

const USAGE = `-m MARK [options] [-- COMMAND [ARGS...]]
       ipft -l [-r REGEX] [--module-regex REGEX]
       ipft --gen TEMPLATE
       ipft lua SCRIPT [--data HEX] [-o FORMAT]
       ipft doctor [-v]`;

/** What ends the help: how a mark is written, and lines of `command   what it does`. */
export const EXAMPLES = `
MARK and MASK are decimal, 0x hexadecimal or 0 octal.

Examples:
  ipft -m 1234                      while elsewhere: ping -m 1234 192.0.2.1
  ipft -m 1234 -- ping -m 1234 -c 1 192.0.2.1
  ipft -m 0x10 --mask 0xf0 -o json  marks whose second last hex digit is 1
  ipft -m 1234 -e foo.c             with data from C: see docs/extensions.md
  ipft -m 1234 -s foo.lua           with data formatted in Lua: see docs/lua.md
  ipft -m 1234 -r '^(ip|tcp)_'      only functions whose names begin so
  ipft -l --module-regex '^nf_'     the functions of netfilter's modules`;

/**
 * Reads the command line.
 * @param args what follows the program's name
 * @throws {IpftError} wrong usage
 */
export function parseCommandLine(args: readonly string[]): Command {
  let command: Command | undefined;
  let printed = "";
  const end = args.indexOf("--");
  const [own, child] = end < 0 ? [args, []] : [args.slice(0, end), args.slice(end + 1)];
  const program = commander(child, (parsed) => command = parsed, (text) => printed += text);
  try {
    program.parse(own, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0) throw asUsageError(error);
  }
  if (child.length > 0 && command && command.kind !== "trace") {
    throw usageError(`'${child[0]}' cannot be run: nothing is traced`, SEE_HELP);
  }
  return command ?? { kind: "print", text: printed };
}

/** The commands and their options, to look at: what completions and the manual are made of. */
export function commandTable() {
  return commander([], () => {}, () => {});
}

/**
 * The options and their help. Defaults are applied later, so that the help can name them its way.
 * @param childCommand what follows `--`
 */
function commander(
  childCommand: readonly string[],
  run: (command: Command) => void,
  print: (text: string) => void,
) {
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
    .option(
      "-r, --regex <REGEX>",
      "only functions whose name matches",
      regex("--regex", "functions"),
    )
    .option(
      "--module-regex <REGEX>",
      "only functions whose module matches; built-in ones are in vmlinux",
      regex("--module-regex", "modules"),
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
    .option(
      "-n, --packets <N>",
      "end by itself after this many packets, and leave out all others",
      positive("--packets"),
    )
    .option(
      "-d, --duration <TIME>",
      "end by itself, this long after the trace is ready: 10s, 500ms, 2m",
      (text: string) => parseDuration(text, "--duration"),
    )
    .optionsGroup("Output:")
    .option(
      "-o, --output <FORMAT>",
      `${OUTPUT_FORMATS.join(", ")} (default: aggregate)`,
      choice("--output", OUTPUT_FORMATS),
    )
    .option("-w, --write <FILE>", "write results to a file; - is standard output (default)", file)
    .option(
      "-e, --extension <PATH>",
      "adds data to each event: C source (.c), compiled (.o), or Lua (.lua)",
      extension,
    )
    .option(
      "-s, --script <PATH>",
      "the same for a Lua script of any name",
      script,
    )
    .option("-v, --verbose", "show what libbpf and the kernel's verifier say")
    .optionsGroup("For other programs, and those of ipftrace2:")
    .option("--enable-probe-server", "accept TCP connections once the trace is ready")
    .option(
      "--probe-server-port <PORT>",
      "where it listens (default: 13720)",
      port("--probe-server-port"),
    )
    .option("--probe-server-address <IP>", "the same (default: 127.0.0.1)")
    .option("--no-set-rlimit", "keep the limit on open files as it is")
    .option(
      "--perf-page-count <N>",
      "pages of buffer for each CPU, in place of --buffer-size",
      positive("--perf-page-count"),
    )
    .option(
      "--perf-sample-period <N>",
      "taken and ignored: the ring buffer gets every event",
      positive("--perf-sample-period"),
    )
    .option(
      "--perf-wakeup-events <N>",
      "taken and ignored: ipft is woken up when it sleeps",
      positive("--perf-wakeup-events"),
    )
    .optionsGroup("Instead of tracing:")
    .option("-l, --list", "list the functions that can be traced")
    .option(
      "--gen <TEMPLATE>",
      `print what an extension begins with: ${TEMPLATE_NAMES.join(", ")}; ` +
        `what a shell completes with: ${COMPLETION_NAMES.join(", ")}; or the manual: man-page`,
      choice("--gen", TEMPLATE_NAMES, COMPLETION_NAMES, ["man-page"]),
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
          outputPath: options.write === "-" ? undefined : options.write,
          extension: options.extension ?? options.script,
          filter,
          bufferSizeBytes: bufferSize(options),
          setRlimit: options.setRlimit,
          packets: options.packets,
          durationMs: options.duration,
          command: childCommand.length > 0 ? childCommand : undefined,
          probeServer: options.enableProbeServer && {
            hostname: options.probeServerAddress ?? "127.0.0.1",
            port: options.probeServerPort ?? DEFAULT_PROBE_PORT,
          },
          verbose: options.verbose ?? false,
        },
      });
    });
  program.command("lua")
    .description("try a Lua script: run its functions on given bytes, without the kernel")
    .usage("SCRIPT [--data HEX] [-o FORMAT]")
    .argument("<SCRIPT>", "", file)
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

function bufferSize(options: { bufferSize?: number; perfPageCount?: number }): number {
  const { bufferSize, perfPageCount } = options;
  if (perfPageCount === undefined) return bufferSize ?? DEFAULT_BUFFER_BYTES;
  if (bufferSize === undefined) return ringSizeOfPages(perfPageCount, "--perf-page-count");
  throw usageError("both --buffer-size and --perf-page-count given", "they are the same buffer");
}
