/** Loads tracer.bpf.c for a method, with or without a user's extension. */
import { errnoText, IpftError } from "../base/errors.ts";
import { type BpfMap, BpfObject, type BpfProgram } from "../ffi/libbpf.ts";
import { Mapping } from "../ffi/libc.ts";
import { LibbpfLog, silenceLibbpf } from "../ffi/log.ts";
import type { Binding } from "./attach/backend.ts";
import { extensionRefusal } from "./extension_refusal.ts";
import { type FunctionTable, makeFunctionTable } from "./function_table.ts";
import { makeImage } from "./image.ts";
import { loadRefusal } from "./load_error.ts";
import { MOST_SOCKETS } from "./probes/follow_sockets.ts";
import type { ProgramsConfig } from "./programs_config.ts";
import { VerifierLog } from "./verifier_log.ts";

/**
 * Loads the programs of the configured method and the probes. An extension is blamed only if the programs
 * can be loaded without it.
 * @throws IpftError when the object is not built, or the kernel refuses the extension or a program
 */
export async function loadObject(config: ProgramsConfig): Promise<BpfObject> {
  const { extension, method, lenders } = config;
  const binding = method.bind?.(lenders);
  const alone = { ...config, extension: undefined };
  if (!extension) return await loadAlone(alone, binding);
  // First find functions for the programs without the extension: otherwise one that the verifier refuses
  // would be tried with one function after the other.
  if (binding) (await loadAlone(alone, binding))[Symbol.dispose]();
  const loaded = await loadWithExtension(config, binding);
  if (loaded instanceof BpfObject) return loaded;
  if (!binding) (await loadAlone(alone, binding))[Symbol.dispose]();
  throw loaded;
}

async function loadAlone(
  config: ProgramsConfig,
  binding: Binding | undefined,
): Promise<BpfObject> {
  const table = tableFor(config, binding);
  const image = makeImage(config, table);
  for (;;) {
    const quiet = await loadQuietly(image, config, table, binding);
    if (quiet !== undefined) return quiet;
    using log = new LibbpfLog(config.onLog);
    const object = new BpfObject(image, OBJECT_NAME);
    const result = await load(object, config, table, binding);
    if (result === 0) return object;
    if (binding?.next(log.lines)) continue;
    throw loadRefusal(result, config.backend.name, config.probes ?? [], log.lines);
  }
}

/**
 * Loads an object without libbpf's log, of which nobody reads most: each of its lines would be a call from the
 * thread that loads into this one.
 * @returns undefined if the log is wanted, because the user wants it or something fails
 */
async function loadQuietly(
  image: Uint8Array<ArrayBuffer>,
  config: ProgramsConfig,
  table: FunctionTable,
  binding: Binding | undefined,
): Promise<BpfObject | undefined> {
  if (config.onLog !== undefined) return undefined;
  silenceLibbpf();
  try {
    const object = new BpfObject(image, OBJECT_NAME);
    return await load(object, config, table, binding) === 0 ? object : undefined;
  } catch (error) {
    if (error instanceof IpftError) return undefined;
    throw error;
  }
}

/** Returns the loaded object, or the error for its extension. */
async function loadWithExtension(
  config: ProgramsConfig,
  binding: Binding | undefined,
): Promise<BpfObject | IpftError> {
  const table = tableFor(config, binding);
  const image = makeImage(config, table);
  const quiet = await loadQuietly(image, config, table, binding);
  if (quiet !== undefined) return quiet;
  using log = new LibbpfLog(config.onLog);
  const problem = new VerifierLog("problem");
  const object = openWithExtension(image, log);
  if (await load(object, config, table, binding, problem) === 0) return object;
  // Only now, because logging every instruction takes the kernel many times longer than checking them.
  const instructions = new VerifierLog("instructions");
  const again = openWithExtension(image, log);
  const result = await load(again, config, table, binding, instructions);
  if (result === 0) return again;
  instructions.lines.forEach((line) => config.onLog?.(line));
  const verifierLog = instructions.isComplete ? instructions : problem;
  return extensionRefusal(result, log.lines, verifierLog.lines);
}

function openWithExtension(image: Uint8Array<ArrayBuffer>, log: LibbpfLog): BpfObject {
  try {
    return new BpfObject(image, OBJECT_NAME);
  } catch (error) {
    throw error instanceof IpftError ? extensionRefusal(0, log.lines, []) : error;
  }
}

/** For messages, and the prefix of the kernel's names for `.bss` and the like. */
const OBJECT_NAME = "ipft";

/** Functions of modules that may be loaded during a trace. */
const LATER_FUNCTIONS = 1024;

/** The table that the programs are loaded with. Those that are bound to their function need none. */
export function tableFor(
  { functions }: Pick<ProgramsConfig, "functions">,
  binding: Binding | undefined,
): FunctionTable {
  if (binding) return makeFunctionTable([]);
  return makeFunctionTable(functions.map(({ address = 0n }) => address), LATER_FUNCTIONS);
}

/** Loads an object. Returns 0, or the negative errno, and then the object is disposed. */
async function load(
  object: BpfObject,
  config: ProgramsConfig,
  table: FunctionTable,
  binding: Binding | undefined,
  verifierLog?: VerifierLog,
): Promise<number> {
  let result = -1;
  try {
    enablePrograms(object, config, binding, verifierLog);
    object.map("ipft_rings").maxEntries = config.rings.fds.length;
    object.map("ipft_functions").maxEntries = table.slots.length / 2;
    object.map("ipft_sockets").maxEntries = config.filter.numbers.ofProcess ? MOST_SOCKETS : 1;
    object.map("ipft_tracked").maxEntries = config.followed ?? 1;
    object.map("ipft_xdp_skb").autocreate = config.probes
      ?.some(({ program }) => program === "ipft_xdp_verdict") ?? false;
    object.map("ipft_calls").maxEntries = config.method.exit === undefined ? 1 : OPEN_CALLS;
    result = await object.load();
    if (result === 0) fill(object.map("ipft_functions"), table);
    return result;
  } finally {
    if (result !== 0) object[Symbol.dispose]();
  }
}

/** All positions of the skb that there are programs for. */
const SKB_POSITIONS = [0, 1, 2, 3, 4];

/** The most calls that can be open at a time, for methods that keep them in a map. */
const OPEN_CALLS = 16_384;

/** Chooses the programs to load, and binds them to functions if their method wants that. */
function enablePrograms(
  object: BpfObject,
  { method: { entry, exit, attachType }, probes = [] }: ProgramsConfig,
  binding: Binding | undefined,
  verifierLog?: VerifierLog,
): void {
  // This includes programs of the extension.
  for (const program of object.programs()) program.autoload = false;
  const enable = (program: BpfProgram) => {
    program.autoload = true;
    if (verifierLog) program.setLog(verifierLog.buffer, verifierLog.level);
  };
  const enableMethod = (program: BpfProgram, functionName?: string) => {
    enable(program);
    if (functionName !== undefined) setTarget(program, functionName);
    if (attachType !== undefined) program.expectedAttachType = attachType;
  };
  let bound: string | undefined;
  // Functions that come later may have their skb anywhere.
  for (const position of SKB_POSITIONS) {
    const functionName = binding?.functionName(position);
    if (binding && functionName === undefined) continue;
    enableMethod(object.program(entry + position), functionName);
    bound ??= functionName;
  }
  // A function that takes an entry program takes an exit program as well.
  if (exit && (!binding || bound !== undefined)) enableMethod(object.program(exit), bound);
  for (const probe of probes) enable(object.program(probe.program));
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
