import { DOCTOR, DOCTOR_OPTIONS, IPFT, LUA, LUA_OPTIONS, OPTIONS } from "./commands.ts";
import { helpText } from "./help.ts";
import { type Given, optionsOf, type Values } from "./option.ts";
import { type Arguments, readOptions } from "./read.ts";
import { readFilter, rejectTypingError } from "./filter.ts";
import { rejectOperands, SEE_HELP } from "./values.ts";
import { DATA_BYTES } from "../event/section.ts";
import { usageError } from "../base/errors.ts";
import { ringSizeOfPages } from "./numbers.ts";
import { checkedOutputs, pairOutputs } from "./outputs.ts";
import type { OutputRequest } from "../output/outputs.ts";
import {
  DEFAULT_FOLLOWED,
  type FunctionPatterns,
  type Request,
  type TraceOptions,
} from "./request.ts";

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
    throw usageError(`-- ${child[0]}: only a trace runs a command`, SEE_HELP);
  }
  return request;
}

/** @param child what follows `--` */
function parseOwn(args: readonly string[], child: readonly string[]): Request {
  const commands = IPFT.commands.map(({ name }) => name);
  const { given, values, operands, rest } = readOptions(OPTIONS, args, commands);
  if (values.help) return { kind: "print", text: helpText(IPFT) };
  rejectTypingError(operands, [...commands, ...optionsOf(IPFT).map(({ long }) => long)]);
  const [command, ...commandArgs] = rest;
  if (command === LUA.name) return parseLua(commandArgs, values);
  if (command === DOCTOR.name) return parseDoctor(commandArgs, values);
  const functions = { functionRegex: values.regex, moduleRegex: values.moduleRegex };
  if (values.version || values.list || values.gen) rejectOperands(operands);
  if (values.version) return { kind: "version" };
  if (values.list) return { kind: "list", functions };
  if (values.gen) return { kind: "generate", template: values.gen };
  return { kind: "trace", options: traceOptions({ given, values, operands }, functions, child) };
}

function traceOptions(
  { given, values, operands }: Omit<Arguments<typeof OPTIONS>, "rest">,
  functions: FunctionPatterns,
  child: readonly string[],
): TraceOptions {
  if (values.script && values.extension) {
    throw usageError(
      "both --script and --extension given",
      "give one: an event carries the data of only one",
    );
  }
  return {
    ...readFilter(values, operands, child.length > 0),
    functions,
    backend: values.backend,
    tracer: values.tracer ?? "function",
    follow: follow(values),
    programs: values.programs ?? false,
    sections: values.show ?? [],
    outputs: outputsOf(given),
    memoryBytes: values.memory,
    tmp: values.tmp,
    extension: values.extension ?? values.script,
    bufferSizeBytes: bufferSize(values),
    setRlimit: !values.noSetRlimit,
    packets: values.packets,
    durationMs: values.duration,
    command: child.length > 0 ? child : undefined,
    probeServer: values.enableProbeServer && {
      hostname: values.probeServerAddress ?? "127.0.0.1",
      port: values.probeServerPort ?? DEFAULT_PROBE_PORT,
    },
    verbose: values.verbose ?? false,
  };
}

/** Returns the outputs that `-o` and `-w` ask for. */
function outputsOf(given: readonly Given<typeof OPTIONS>[]): OutputRequest[] {
  return checkedOutputs(pairOutputs(given.flatMap(({ key, value }) => {
    if (key === "output") return { format: value };
    return key === "write" ? { path: value } : [];
  })));
}

function follow({ noFollow, maxFollowed }: Values<typeof OPTIONS>): TraceOptions["follow"] {
  if (!noFollow) return { maxPackets: maxFollowed ?? DEFAULT_FOLLOWED };
  if (maxFollowed === undefined) return undefined;
  throw usageError(
    "both --max-followed and --no-follow given",
    "give one: without following, there is no such number",
  );
}

function bufferSize({ bufferSize, perfPageCount }: Values<typeof OPTIONS>): number {
  if (perfPageCount === undefined) return bufferSize ?? DEFAULT_BUFFER_BYTES;
  if (bufferSize === undefined) return ringSizeOfPages(perfPageCount, "--perf-page-count");
  throw usageError(
    "both --buffer-size and --perf-page-count given",
    "give one: both set the size of the same buffer",
  );
}

/** @param before options of ipft itself, given before the command */
function parseLua(args: readonly string[], before: Values<typeof OPTIONS>): Request {
  const { values, operands } = readOptions(LUA_OPTIONS, args);
  if (values.help) return { kind: "print", text: helpText(LUA, "ipft lua") };
  const [script, ...others] = operands;
  if (script === undefined) throw usageError("no SCRIPT given", SEE_HELP);
  rejectOperands(others);
  const { data = new Uint8Array(DATA_BYTES), output = before.output } = values;
  return { kind: "lua", trial: { script, data, isJson: output === "json" } };
}

/** @param before options of ipft itself, given before the command */
function parseDoctor(args: readonly string[], before: Values<typeof OPTIONS>): Request {
  const { values, operands } = readOptions(DOCTOR_OPTIONS, args);
  if (values.help) return { kind: "print", text: helpText(DOCTOR, "ipft doctor") };
  rejectOperands(operands);
  return { kind: "doctor", verbose: values.verbose ?? before.verbose ?? false };
}
