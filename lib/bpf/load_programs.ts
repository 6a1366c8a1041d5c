/** The tracer's object in the kernel: configured for its backend, with or without a user's module. */
import { errnoText, IpftError } from "../base/errors.ts";
import { AttachType } from "../ffi/bpf.ts";
import { type BpfMap, BpfObject, type BpfProgram } from "../ffi/libbpf.ts";
import { Mapping } from "../ffi/libc.ts";
import { LibbpfLog } from "../ffi/log.ts";
import type { BtfIds } from "../kernel/btf_ids.ts";
import type { BackendName } from "./attach/backends.ts";
import { isTracing, type Method, PROGRAMS } from "./attach/method.ts";
import { moduleRefusal } from "./extension_refusal.ts";
import { type FunctionTable, makeFunctionTable } from "./function_table.ts";
import { loadRefusal } from "./load_error.ts";
import { readBpfObject } from "./object_file.ts";
import { fillPlaceholders, type ProgramNumbers } from "./placeholders.ts";
import type { Rings } from "./rings.ts";
import { VerifierLog } from "./verifier_log.ts";

/** What the tracer is loaded with. */
export interface TracerConfig {
  /** For messages. */
  readonly backend: BackendName;
  readonly method: Method;
  readonly btfIds: BtfIds;
  /** u32; only bits that the mask has count. */
  readonly mark: number;
  readonly mask: number;
  readonly rings: Rings;
  /**
   * The traced functions by position of the skb. An fentry program cannot even be loaded without one,
   * and not every function takes one: the first that does lends itself to its position's program. A
   * position without such a function gets no program.
   */
  readonly functionsByPosition: ReadonlyMap<number, readonly string[]>;
  /** By function index; none for methods whose programs know their function. */
  readonly addresses: readonly bigint[];
  /** The tracer linked with the user's module, from `linkModule`; undefined without a module. */
  readonly module?: Uint8Array<ArrayBuffer>;
  /** Called with each line that libbpf or the verifier logs: `-v`. */
  readonly onLog?: (line: string) => void;
}

/** By position of the skb: the function whose turn it is to lend itself to the fentry program. */
type Turns = Map<number, number>;

/**
 * Loads the programs that `config.backend` needs. A module is the one to blame only for what the
 * tracer alone is not refused for.
 * @throws IpftError when the object is not built, or the kernel refuses the module or a program
 */
export function loadTracerObject(config: TracerConfig): BpfObject {
  const { module } = config;
  const turns: Turns = new Map(Array.from(config.functionsByPosition.keys(), (key) => [key, 0]));
  if (!module) return loadAlone(config, turns);
  // Functions that take no fentry program at all are left to the tracer alone to find: a module that
  // the verifier refuses is not tried with one function after the other.
  if (isTracing(config.method)) loadAlone(config, turns)[Symbol.dispose]();
  const loaded = loadWithModule(module, config, turns);
  if (loaded instanceof BpfObject) return loaded;
  if (!isTracing(config.method)) loadAlone(config, turns)[Symbol.dispose]();
  throw loaded;
}

function loadAlone(config: TracerConfig, turns: Turns): BpfObject {
  const elf = readBpfObject("tracer");
  for (;;) {
    using log = new LibbpfLog(config.onLog);
    const object = new BpfObject(elf, OBJECT_NAME);
    const result = load(object, config, turns);
    if (result === 0) return object;
    if (!takeNextFunction(config, turns, log.lines)) {
      throw loadRefusal(result, config.backend, log.lines);
    }
  }
}

/** The loaded object, or what its module is refused for. */
function loadWithModule(
  elf: Uint8Array<ArrayBuffer>,
  config: TracerConfig,
  turns: Turns,
): BpfObject | IpftError {
  using log = new LibbpfLog(config.onLog);
  const problem = new VerifierLog("problem");
  const object = openWithModule(elf, log);
  if (load(object, config, turns, problem) === 0) return object;
  // Only now: to describe every instruction takes the kernel many times longer than to check it.
  const instructions = new VerifierLog("instructions");
  const again = openWithModule(elf, log);
  const result = load(again, config, turns, instructions);
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
  config: TracerConfig,
  turns: Turns,
  verifierLog?: VerifierLog,
): number {
  let result = -1;
  try {
    const table = makeFunctionTable(config.addresses);
    configure(object, config, table, turns, verifierLog);
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
  config: TracerConfig,
  table: FunctionTable,
  turns: Turns,
  verifierLog?: VerifierLog,
): void {
  const { method, mark, mask, rings } = config;
  const { entry, exit } = PROGRAMS[method];
  const numbers: ProgramNumbers = {
    wantedMark: (mark & mask) >>> 0,
    markMask: mask,
    hashShift: table.shift,
    rings: rings.fds.length,
  };
  // Also those that a module brings along.
  for (const program of object.programs()) program.autoload = false;
  const enable = (program: BpfProgram, functionName: string) => {
    program.autoload = true;
    if (verifierLog) program.setLog(verifierLog.buffer, verifierLog.level);
    if (isTracing(method)) setTarget(program, functionName);
    else if (method !== "kprobe") program.expectedAttachType = attachTypeOf(method);
    const instructions = program.instructions();
    fillPlaceholders(instructions, numbers, config.btfIds);
    program.setInstructions(instructions);
  };
  let lender: string | undefined;
  for (const [position, functions] of config.functionsByPosition) {
    const functionName = functions[turns.get(position)!];
    if (functionName === undefined) continue;
    enable(object.program(entry + position), functionName);
    lender ??= functionName;
  }
  // The kernel takes an fexit program for every function that it takes an fentry program for.
  if (exit !== undefined && lender !== undefined) enable(object.program(exit), lender);
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

function attachTypeOf(method: Method): number {
  return method === "kprobe-session" ? AttachType.traceKprobeSession : AttachType.traceKprobeMulti;
}

/** After a load that a function of an fentry program made fail: whether it is worth another try. */
function takeNextFunction(
  { functionsByPosition }: TracerConfig,
  turns: Turns,
  log: readonly string[],
): boolean {
  const position = Number(
    log.join("\n").match(/prog 'ipft_f(?:entry|enter)_(\d)': failed to load/)?.[1],
  );
  const turn = turns.get(position);
  if (turn === undefined) return false;
  turns.set(position, turn + 1);
  return Array.from(functionsByPosition).some(([key, { length }]) => turns.get(key)! < length);
}
