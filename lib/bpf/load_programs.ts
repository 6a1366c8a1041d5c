/** The tracer's object in the kernel: configured for its backend, with or without a user's module. */
import { errnoText, IpftError } from "../base/errors.ts";
import { type BpfMap, BpfObject, type BpfProgram } from "../ffi/libbpf.ts";
import { Mapping } from "../ffi/libc.ts";
import { LibbpfLog } from "../ffi/log.ts";
import type { BtfIds } from "../kernel/btf_ids.ts";
import type { SkbFunction } from "../kernel/skb_function.ts";
import type { Backend, Binding, Method } from "./attach/backend.ts";
import { moduleRefusal } from "./extension_refusal.ts";
import { type FunctionTable, makeFunctionTable } from "./function_table.ts";
import { loadRefusal } from "./load_error.ts";
import { readBpfObject } from "./object_file.ts";
import { fillPlaceholders, type ProgramNumbers } from "./placeholders.ts";
import type { Rings } from "./rings.ts";
import { VerifierLog } from "./verifier_log.ts";

/** What the programs are loaded with. */
export interface ProgramsConfig {
  readonly backend: Backend;
  readonly method: Method;
  readonly btfIds: BtfIds;
  /** u32; only bits that the mask has count. */
  readonly mark: number;
  readonly mask: number;
  readonly rings: Rings;
  /** The traced functions; their index is their number in events. */
  readonly functions: readonly SkbFunction[];
  /** The tracer linked with the user's module, from `linkModule`; undefined without a module. */
  readonly module?: Uint8Array<ArrayBuffer>;
  /** Called with each line that libbpf or the verifier logs: `-v`. */
  readonly onLog?: (line: string) => void;
}

/**
 * Loads the programs that `config.backend` needs. A module is the one to blame only for what the
 * tracer alone is not refused for.
 * @throws IpftError when the object is not built, or the kernel refuses the module or a program
 */
export function loadTracerObject(config: ProgramsConfig): BpfObject {
  const { module, method, functions } = config;
  const binding = method.bind?.(functions);
  if (!module) return loadAlone(config, binding);
  // The tracer alone finds functions that programs can be bound to: a module that the verifier refuses is
  // not tried with one function after the other.
  if (binding) loadAlone(config, binding)[Symbol.dispose]();
  const loaded = loadWithModule(module, config, binding);
  if (loaded instanceof BpfObject) return loaded;
  if (!binding) loadAlone(config, binding)[Symbol.dispose]();
  throw loaded;
}

function loadAlone(config: ProgramsConfig, binding: Binding | undefined): BpfObject {
  const elf = readBpfObject("tracer");
  for (;;) {
    using log = new LibbpfLog(config.onLog);
    const object = new BpfObject(elf, OBJECT_NAME);
    const result = load(object, config, binding);
    if (result === 0) return object;
    if (!binding?.next(log.lines)) throw loadRefusal(result, config.backend.name, log.lines);
  }
}

/** The loaded object, or what its module is refused for. */
function loadWithModule(
  elf: Uint8Array<ArrayBuffer>,
  config: ProgramsConfig,
  binding: Binding | undefined,
): BpfObject | IpftError {
  using log = new LibbpfLog(config.onLog);
  const problem = new VerifierLog("problem");
  const object = openWithModule(elf, log);
  if (load(object, config, binding, problem) === 0) return object;
  // Only now: to describe every instruction takes the kernel many times longer than to check it.
  const instructions = new VerifierLog("instructions");
  const again = openWithModule(elf, log);
  const result = load(again, config, binding, instructions);
  if (result === 0) return again;
  instructions.lines.forEach((line) => config.onLog?.(line));
  const verifierLog = instructions.isComplete ? instructions : problem;
  return moduleRefusal(result, log.lines, verifierLog.lines);
}

function openWithModule(elf: Uint8Array<ArrayBuffer>, log: LibbpfLog): BpfObject {
  try {
    return new BpfObject(elf, OBJECT_NAME);
  } catch (error) {
    throw error instanceof IpftError ? moduleRefusal(0, log.lines, []) : error;
  }
}

/** For messages, and the beginning of the kernel's names of `.bss` and the like. */
const OBJECT_NAME = "ipft";

/** 0, or the negative errno; the object is disposed then. */
function load(
  object: BpfObject,
  config: ProgramsConfig,
  binding: Binding | undefined,
  verifierLog?: VerifierLog,
): number {
  let result = -1;
  try {
    const table = makeFunctionTable(
      binding ? [] : config.functions.map(({ address = 0n }) => address),
    );
    configure(object, config, table, binding, verifierLog);
    result = object.load();
    if (result === 0) fill(object.map("ipft_functions"), table);
    return result;
  } finally {
    if (result !== 0) object[Symbol.dispose]();
  }
}

/** Marked packets' calls under way at any time, for methods that keep them in a map. */
const OPEN_CALLS = 16_384;

function configure(
  object: BpfObject,
  config: ProgramsConfig,
  table: FunctionTable,
  binding: Binding | undefined,
  verifierLog?: VerifierLog,
): void {
  const { mark, mask, rings } = config;
  const { entry, exit, attachType } = config.method;
  const numbers: ProgramNumbers = {
    wantedMark: (mark & mask) >>> 0,
    markMask: mask,
    hashShift: table.shift,
    rings: rings.fds.length,
  };
  // Also those that a module brings along.
  for (const program of object.programs()) program.autoload = false;
  const enable = (program: BpfProgram, functionName?: string) => {
    program.autoload = true;
    if (verifierLog) program.setLog(verifierLog.buffer, verifierLog.level);
    if (functionName !== undefined) setTarget(program, functionName);
    if (attachType !== undefined) program.expectedAttachType = attachType;
    const instructions = program.instructions();
    fillPlaceholders(instructions, numbers, config.btfIds);
    program.setInstructions(instructions);
  };
  let bound: string | undefined;
  for (const position of new Set(config.functions.map(({ skbPosition }) => skbPosition))) {
    const functionName = binding?.functionName(position);
    if (binding && functionName === undefined) continue;
    enable(object.program(entry + position), functionName);
    bound ??= functionName;
  }
  // What an entry program can be bound to, an exit program can as well.
  if (exit !== undefined && (!binding || bound !== undefined)) enable(object.program(exit), bound);
  object.map("ipft_rings").maxEntries = rings.fds.length;
  object.map("ipft_functions").maxEntries = table.slots.length / 2;
  object.map("ipft_calls").maxEntries = exit === undefined ? 1 : OPEN_CALLS;
}

function fill({ fd }: BpfMap, { slots }: FunctionTable): void {
  using mapping = new Mapping(fd, 0, slots.byteLength, "read-write");
  new Uint32Array(mapping.memory).set(slots);
}

function setTarget(program: BpfProgram, functionName: string): void {
  const result = program.setAttachTarget(functionName);
  if (result === 0) return;
  throw new IpftError(`no function ${functionName} in the BTF: ${errnoText(result)}`);
}
