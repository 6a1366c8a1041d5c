import { DOCTOR, DOCTOR_OPTIONS, IPFT, LUA, LUA_OPTIONS, OPTIONS } from "./commands.ts";
import { helpText } from "./help.ts";
import { optionsOf, type Values } from "./option.ts";
import { readOptions } from "./read.ts";
import { checkedMark, rejectOperands, SEE_HELP } from "./values.ts";
import { DATA_BYTES } from "../event/event.ts";
import { usageError } from "../base/errors.ts";
import { ringSizeOfPages } from "./numbers.ts";
import type { FunctionFilter } from "../kernel/functions.ts";
import type { GeneratedName, ScriptTrial, TraceOptions } from "./options.ts";

/** What the command line asks for. */
export type Request =
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

/**
 * Reads the command line.
 * @param args what follows the program's name
 * @throws {IpftError} wrong usage
 */
export function parseCommandLine(args: readonly string[]): Request {
  const end = args.indexOf("--");
  const [own, child] = end < 0 ? [args, []] : [args.slice(0, end), args.slice(end + 1)];
  const request = parseOwn(own, child);
  if (child.length > 0 && request.kind !== "trace" && request.kind !== "print") {
    throw usageError(`'${child[0]}' cannot be run: nothing is traced`, SEE_HELP);
  }
  return request;
}

/** @param child what follows `--` */
function parseOwn(args: readonly string[], child: readonly string[]): Request {
  const commands = IPFT.commands.map(({ name }) => name);
  const { values, operands, rest } = readOptions(OPTIONS, args, commands);
  if (values.help) return { kind: "print", text: helpText(IPFT) };
  rejectOperands(operands, [...commands, ...optionsOf(IPFT).map(({ long }) => long)]);
  const [command, ...commandArgs] = rest;
  if (command === LUA.name) return parseLua(commandArgs, values);
  if (command === DOCTOR.name) return parseDoctor(commandArgs, values);
  if (values.version) return { kind: "version" };
  const filter = { functionRegex: values.regex, moduleRegex: values.moduleRegex };
  if (values.list) return { kind: "list", filter };
  if (values.gen) return { kind: "generate", template: values.gen };
  return { kind: "trace", options: traceOptions(values, filter, child) };
}

function traceOptions(
  values: Values<typeof OPTIONS>,
  filter: FunctionFilter,
  child: readonly string[],
): TraceOptions {
  if (values.script && values.extension) {
    throw usageError("both --script and --extension given", "an event has data of one of them");
  }
  if (values.markCommand && child.length === 0) {
    throw usageError(
      "--mark-command without a command",
      "name it: ipft -m 1234 --mark-command -- COMMAND",
    );
  }
  const { mark, mask = DEFAULT_MASK } = values;
  return {
    mark: checkedMark(mark, mask),
    mask,
    backend: values.backend,
    tracer: values.tracer ?? "function",
    output: values.output ?? "aggregate",
    outputPath: values.write === "-" ? undefined : values.write,
    extension: values.extension ?? values.script,
    filter,
    bufferSizeBytes: bufferSize(values),
    setRlimit: !values.noSetRlimit,
    packets: values.packets,
    durationMs: values.duration,
    command: child.length > 0 ? child : undefined,
    markCommand: values.markCommand ?? false,
    probeServer: values.enableProbeServer && {
      hostname: values.probeServerAddress ?? "127.0.0.1",
      port: values.probeServerPort ?? DEFAULT_PROBE_PORT,
    },
    verbose: values.verbose ?? false,
  };
}

function bufferSize({ bufferSize, perfPageCount }: Values<typeof OPTIONS>): number {
  if (perfPageCount === undefined) return bufferSize ?? DEFAULT_BUFFER_BYTES;
  if (bufferSize === undefined) return ringSizeOfPages(perfPageCount, "--perf-page-count");
  throw usageError("both --buffer-size and --perf-page-count given", "they are the same buffer");
}

/** @param before ipft's own options, given before the command */
function parseLua(args: readonly string[], before: Values<typeof OPTIONS>): Request {
  const { values, operands } = readOptions(LUA_OPTIONS, args);
  if (values.help) return { kind: "print", text: helpText(LUA, "ipft lua") };
  const [script, ...others] = operands;
  if (script === undefined) throw usageError("no argument SCRIPT given", SEE_HELP);
  rejectOperands(others, []);
  const { data = new Uint8Array(DATA_BYTES), output = before.output } = values;
  return { kind: "lua", trial: { script, data, isJson: output === "json" } };
}

/** @param before ipft's own options, given before the command */
function parseDoctor(args: readonly string[], before: Values<typeof OPTIONS>): Request {
  const { values, operands } = readOptions(DOCTOR_OPTIONS, args);
  if (values.help) return { kind: "print", text: helpText(DOCTOR, "ipft doctor") };
  rejectOperands(operands, []);
  return { kind: "doctor", verbose: values.verbose ?? before.verbose ?? false };
}
