/**
 * Adds a meter to the Lua virtual machine, a WebAssembly module: each loop counts its rounds down, and
 * calls the host when the count is used up. Code without loops soon ends, so nothing in the module runs
 * on without the host. https://webassembly.github.io/spec/core/binary/ describes the format.
 */
import { WasmReader, WasmWriter } from "./wasm_bytes.ts";

/** The variables that a metered module exports. */
export interface Meter {
  /** How many instructions of Lua may run before the host is called. */
  readonly instructions: WebAssembly.Global;
  /** The same for the rounds of all loops but the one that runs Lua's instructions. */
  readonly rounds: WebAssembly.Global;
  /**
   * The place in the module's table of the function to call. Its parameter is the `lua_State *` that runs
   * instructions; 0 when `rounds` is used up.
   */
  readonly callee: WebAssembly.Global;
}

/** The names of the variables above; the last one is the size of a block that is copied. */
const VARIABLES = ["instructions", "rounds", "callee", "size"] as const;

/** A round copies or fills so many bytes, as a power of two. */
const BYTES_SHIFT = 6;

/** `luaV_execute` is the only function with so many cases: one for each instruction of Lua 5.4. */
const LUA_INSTRUCTIONS = 83;

const SECTION = { custom: 0, type: 1, import: 2, global: 6, export: 7, code: 10 };

const I32 = 0x7f, MUTABLE = 1, VOID = 0x40, EXPORTED_GLOBAL = 3;
const OP = {
  loop: 0x03,
  if: 0x04,
  end: 0x0b,
  brTable: 0x0e,
  callIndirect: 0x11,
  typedSelect: 0x1c,
  localGet: 0x20,
  globalGet: 0x23,
  globalSet: 0x24,
  i32Const: 0x41,
  f32Const: 0x43,
  f64Const: 0x44,
  i32LeS: 0x4c,
  i32Sub: 0x6b,
  i32ShrU: 0x76,
  more: 0xfc,
};
const MEMORY_COPY = 10, MEMORY_FILL = 11;

/** Returns `module` with a meter. */
export function metered(module: Uint8Array): Uint8Array<ArrayBuffer> {
  const sections = readSections(new WasmReader(module));
  const imported = countImports(section(SECTION.import));
  const first = imported.globals + section(SECTION.global).u32();
  const checks = new Checks(first, handlerType(section(SECTION.type)));
  const out = new WasmWriter();
  out.bytes(module, 0, 8); // magic and version
  for (const { id, start, end } of sections) {
    const content = new WasmReader(module, start, end), changed = new WasmWriter();
    if (id === SECTION.global) {
      const count = content.u32();
      changed.u32(count + VARIABLES.length).bytes(module, content.at, end);
      VARIABLES.forEach(() => changed.put(I32, MUTABLE, OP.i32Const, 0, OP.end));
    } else if (id === SECTION.export) {
      const count = content.u32();
      changed.u32(count + VARIABLES.length).bytes(module, content.at, end);
      VARIABLES.forEach((name, i) =>
        changed.name(`meter.${name}`).put(EXPORTED_GLOBAL).u32(first + i)
      );
    } else if (id === SECTION.code) {
      const hints = meterCode(content, changed, checks, imported.functions);
      out.put(SECTION.custom).u32(hints.length).append(hints);
    } else {
      changed.bytes(module, start, end);
    }
    out.put(id).u32(changed.length).append(changed);
  }
  return out.result();

  function section(wanted: number): WasmReader {
    const found = sections.find(({ id }) => id === wanted);
    if (found === undefined) throw new Error(`the WebAssembly module has no section ${wanted}`);
    return new WasmReader(module, found.start, found.end);
  }
}

/** Returns the variables of an instance of a metered module. */
export function meterOf(exports: WebAssembly.Exports): Meter {
  const [instructions, rounds, callee] = VARIABLES
    .map((name) => exports[`meter.${name}`] as WebAssembly.Global);
  return { instructions, rounds, callee };
}

/** The instructions that are put into functions. */
class Checks {
  /** At the beginning of each loop of `luaV_execute`, and of every other loop. */
  readonly instruction: Uint8Array;
  readonly round: Uint8Array;
  /** Where these two branch. */
  readonly branchAt: number;
  /** Before an instruction that copies or fills memory, with the size on top of the stack. */
  readonly block: Uint8Array;

  constructor(first: number, type: number) {
    const [instructions, rounds, callee, size] = VARIABLES.map((_, i) => first + i);
    this.branchAt = new WasmWriter().u32(rounds).length + 4;
    const check = (variable: number, ...state: number[]) =>
      new WasmWriter()
        .put(OP.globalGet).u32(variable).put(OP.i32Const, 0, OP.i32LeS, OP.if, VOID)
        .put(...state).put(OP.globalGet).u32(callee).put(OP.callIndirect).u32(type).put(0, OP.end)
        .put(OP.globalGet).u32(variable).put(OP.i32Const, 1, OP.i32Sub)
        .put(OP.globalSet).u32(variable).result();
    this.instruction = check(instructions, OP.localGet, 0);
    this.round = check(rounds, OP.i32Const, 0);
    this.block = new WasmWriter()
      .put(OP.globalSet).u32(size).put(OP.globalGet).u32(rounds).put(OP.globalGet).u32(size)
      .put(OP.i32Const, BYTES_SHIFT, OP.i32ShrU, OP.i32Sub)
      .put(OP.globalSet).u32(rounds).put(OP.globalGet).u32(size).result();
  }
}

/**
 * Puts the checks into all functions. Returns a section which says that their branches are seldom taken:
 * without it, the compiler makes room for the call in every round.
 * https://github.com/WebAssembly/branch-hinting describes it.
 */
function meterCode(
  code: WasmReader,
  out: WasmWriter,
  checks: Checks,
  firstFunction: number,
): WasmWriter {
  const count = code.u32(), hints = new WasmWriter();
  let executors = 0, hinted = 0;
  out.u32(count);
  for (let i = 0; i < count; i++) {
    const size = code.u32(), start = code.at, body = new WasmWriter();
    const { loops, blocks, cases } = scan(code, start + size);
    if (cases === LUA_INSTRUCTIONS) executors++;
    const loop = cases === LUA_INSTRUCTIONS ? checks.instruction : checks.round;
    const places = [
      ...loops.map((at) => ({ at, check: loop })),
      ...blocks.map((at) => ({ at, check: checks.block })),
    ].sort((a, b) => a.at - b.at);
    let copied = start;
    const branches: number[] = [];
    for (const { at, check } of places) {
      body.bytes(code.module, copied, at);
      if (check === loop) branches.push(body.length + checks.branchAt);
      body.bytes(check, 0, check.length);
      copied = at;
    }
    if (branches.length > 0) {
      const UNLIKELY = 0;
      hints.u32(firstFunction + i).u32(branches.length);
      for (const at of branches) hints.u32(at).put(1, UNLIKELY);
      hinted++;
    }
    body.bytes(code.module, copied, start + size);
    out.u32(body.length).append(body);
  }
  if (executors !== 1) throw new Error("the WebAssembly module is not the expected version of Lua");
  return new WasmWriter().name("metadata.code.branch_hint").u32(hinted).append(hints);
}

/** What has to be metered in a function. */
interface Scan {
  /** Where the bodies of loops begin. */
  readonly loops: number[];
  /** Where memory is copied or filled. */
  readonly blocks: number[];
  /** Of the largest table of branches. */
  cases: number;
}

function scan(code: WasmReader, end: number): Scan {
  const found: Scan = { loops: [], blocks: [], cases: 0 };
  for (let groups = code.u32(); groups > 0; groups--) {
    code.u32(); // how many local variables
    code.skip(1); // of which type
  }
  while (code.at < end) {
    const at = code.at, op = code.byte();
    if (op === OP.brTable) {
      const cases = code.u32() + 1;
      for (let i = 0; i < cases; i++) code.u32();
      found.cases = Math.max(found.cases, cases);
    } else if (op === OP.typedSelect) {
      for (let types = code.u32(); types > 0; types--) code.u32();
    } else if (op === OP.f32Const) code.skip(4);
    else if (op === OP.f64Const) code.skip(8);
    else if (op === OP.more) {
      const kind = code.u32();
      if (kind === MEMORY_COPY || kind === MEMORY_FILL) found.blocks.push(at);
      else if (kind > 7) throw unknown(op, kind); // those up to 7 convert numbers
      for (let i = [MEMORY_FILL, MEMORY_COPY].indexOf(kind) + 1; i > 0; i--) code.u32();
    } else {
      for (let i = immediates(op); i > 0; i--) code.u32();
    }
    if (op === OP.loop) found.loops.push(code.at);
  }
  return found;
}

/** Returns how many integers follow an instruction. */
function immediates(op: number): number {
  if (op <= 0x01 || op === 0x05 || op === OP.end || op === 0x0f) return 0;
  if (op <= 0x04 || op === 0x0c || op === 0x0d || op === 0x10) return 1; // block types, labels, call
  if (op === OP.callIndirect) return 2;
  if (op === 0x1a || op === 0x1b) return 0; // drop, select
  if (op >= 0x20 && op <= 0x26) return 1; // variables and tables
  if (op >= 0x28 && op <= 0x3e) return 2; // loads and stores
  if (op >= 0x3f && op <= 0x42) return 1; // the size of memory, integers
  if (op >= 0x45 && op <= 0xc4) return 0; // numbers
  throw unknown(op);
}

function unknown(...op: number[]): Error {
  return new Error(`unknown WebAssembly instruction ${op.map((byte) => byte.toString(16))}`);
}

interface Section {
  readonly id: number;
  readonly start: number;
  readonly end: number;
}

function readSections(module: WasmReader): Section[] {
  const sections: Section[] = [];
  module.skip(8);
  while (!module.isAtEnd) {
    const id = module.byte(), size = module.u32(), start = module.at;
    module.skip(size);
    sections.push({ id, start, end: module.at });
  }
  return sections;
}

/** Returns the number of the type of functions with an i32 and no result. */
function handlerType(types: WasmReader): number {
  const count = types.u32();
  for (let i = 0; i < count; i++) {
    types.skip(1);
    const start = types.at;
    const parameters = types.u32();
    types.skip(parameters);
    const results = types.u32();
    types.skip(results);
    if (parameters === 1 && results === 0 && types.module[start + 1] === I32) return i;
  }
  throw new Error("the WebAssembly module has no function with an i32 and no result");
}

/** Returns how many functions and variables are imported: they have the first numbers. */
function countImports(imports: WasmReader): { functions: number; globals: number } {
  const FUNCTION = 0, GLOBAL = 3;
  let functions = 0, globals = 0;
  for (let count = imports.u32(); count > 0; count--) {
    for (let names = 2; names > 0; names--) imports.skip(imports.u32());
    const kind = imports.byte();
    if (kind === FUNCTION) {
      imports.u32();
      functions++;
    } else if (kind === GLOBAL) {
      imports.skip(2);
      globals++;
    } else throw new Error("the WebAssembly module imports a table or memory");
  }
  return { functions, globals };
}
