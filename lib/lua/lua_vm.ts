import { Allocator } from "./allocator.ts";
import {
  type HostFunction,
  type HostValue,
  LuaError,
  LuaReference,
  type LuaValue,
} from "./lua_value.ts";
import { loadWasmoon, type LuaModule, type Pointer } from "./wasmoon.ts";

/** Memory that a script may use, without what the host asks for in between. */
export const MEMORY_BYTES = 64 * 2 ** 20;

/** The hook that counts is called this often: seldom enough to be free. */
const HOOK_INSTRUCTIONS = 100_000;

/** The name of ipft's own chunks, which no traceback shows. */
export const OWN_CHUNK = "[ipft]";

/** From lua.h: the status of a call, types, and indices that stand for something. */
const LUA_ERRSYNTAX = 3, LUA_ERRMEM = 4, LUA_MASKCOUNT = 1 << 3;
const REGISTRY = -1_001_000, GLOBALS = 2n;
const TYPES = [
  "nil",
  "boolean",
  "userdata",
  "number",
  "string",
  "table",
  "function",
  "userdata",
  "thread",
] as const;

/**
 * A Lua 5.4 state in WebAssembly, with its standard library as it comes. What a script does in there
 * cannot reach the host but through the functions that it is given, and neither its memory nor its time
 * is without end.
 */
export class LuaVm implements Disposable {
  readonly #module: LuaModule;
  readonly #allocator: Allocator;
  readonly #state: Pointer;
  /** Where the C API leaves the size of a string. */
  readonly #sizeAt: Pointer;
  /** Of the call under way: how often the hook may come, and has come since `#progress` changed. */
  #hookLimit = Infinity;
  #hooks = 0;
  #progress: unknown;
  #isStopped = false;
  /** An exception of a host function, which must not fly through frames of Lua's own error handling. */
  #hostError: { readonly error: unknown } | undefined;
  #crash: string | undefined;
  #explain: LuaReference | undefined;
  #thrownAtEnd: LuaReference | undefined;
  #progressTable: LuaReference | undefined;

  private constructor(module: LuaModule) {
    this.#module = module;
    this.#sizeAt = module._malloc(4);
    this.#allocator = new Allocator(module);
    this.#state = module._lua_newstate(module.addFunction(this.#allocator.allocate, "iiiii"), 0);
    module._luaL_openlibs(this.#state);
    const hook = module.addFunction(this.#onCount, "vii");
    module._lua_sethook(this.#state, hook, LUA_MASKCOUNT, HOOK_INSTRUCTIONS);
  }

  static async create(): Promise<LuaVm> {
    return new LuaVm(await loadWasmoon());
  }

  /**
   * Says what calls are to be watched with.
   * @param explain the message handler of every call: gets the error, returns a message and, on the
   *   lines after it, a traceback
   * @param thrownAtEnd the error at the end of a budget
   * @param progress a table; when its first element changes during a call, the budget begins anew
   */
  watch(explain: LuaReference, thrownAtEnd: LuaReference, progress: LuaReference): void {
    this.#explain = explain;
    this.#thrownAtEnd = thrownAtEnd;
    this.#progressTable = progress;
  }

  /** The first element of the table that `watch` was given. */
  get progress(): number {
    return this.#readProgress(this.#state);
  }

  /** Makes a function of the host callable from Lua. */
  define(implementation: HostFunction): LuaReference {
    const module = this.#module;
    const pointer = module.addFunction((L) => {
      const args = Array.from({ length: module._lua_gettop(L) }, (_, i) => this.#value(L, i + 1));
      let results: HostValue[] = [];
      try {
        results = implementation(...args);
      } catch (error) {
        this.#hostError ??= { error };
      }
      for (const result of results) this.#push(result, L);
      return results.length;
    }, "ii");
    module._lua_pushcclosure(this.#state, pointer, 0);
    return this.#popReference();
  }

  /**
   * Compiles a chunk of source.
   * @param name as Lua wants it: `@` and a path, or `=` and what stands for it in messages
   * @throws LuaError on a syntax error
   */
  compile(source: Uint8Array | string, name: string): LuaReference {
    const module = this.#module, L = this.#state;
    const bytes = typeof source === "string" ? encoder.encode(source) : source;
    const [text, chunkName, mode] = [bytes, encoder.encode(`${name}\0`), encoder.encode("t\0")]
      .map((part) => this.#copyIn(part));
    const status = module._luaL_loadbufferx(L, text, bytes.length, chunkName, mode);
    for (const block of [text, chunkName, mode]) module._free(block);
    if (status === LUA_ERRSYNTAX) throw new LuaError("error", this.#popMessage());
    if (status !== 0) throw new LuaError("memory", NOT_ENOUGH_MEMORY);
    return this.#popReference();
  }

  /** Writes a file into the file system of the virtual machine, which is in memory. */
  writeFile(path: string, bytes: Uint8Array): void {
    this.#module.FS.writeFile(path, bytes);
  }

  /** The value of a global variable. */
  global(name: string): LuaValue {
    const module = this.#module, L = this.#state;
    module._lua_rawgeti(L, REGISTRY, GLOBALS);
    this.#push(name);
    module._lua_rawget(L, -2);
    const value = this.#value(L, -1);
    module._lua_settop(L, 0);
    return value;
  }

  /**
   * Calls a function.
   * @param instructions how many it may run, in steps of 100,000; without a budget for ipft's own
   * @returns as many values as the function returns
   * @throws LuaError when it fails or is stopped; what a host function threw meanwhile
   */
  call(callee: LuaReference, args: readonly HostValue[], instructions = Infinity): LuaValue[] {
    if (this.#crash !== undefined) throw new LuaError("crash", this.#crash);
    const module = this.#module, L = this.#state;
    const MULTIPLE = -1, handler = this.#explain === undefined ? 0 : 1;
    if (handler !== 0) this.#push(this.#explain);
    this.#push(callee);
    for (const arg of args) this.#push(arg);
    this.#hookLimit = instructions / HOOK_INSTRUCTIONS;
    this.#hooks = 0;
    this.#isStopped = false;
    this.#allocator.limitBytes = instructions === Infinity ? Infinity : MEMORY_BYTES;
    let status: number;
    try {
      status = module._lua_pcallk(L, args.length, MULTIPLE, handler, 0, null);
    } catch (error) {
      // Not an error in Lua: the virtual machine itself trapped, and what state it is in nobody knows.
      this.#crash = `the Lua virtual machine broke down: ${(error as Error).message}`;
      throw new LuaError("crash", this.#crash);
    } finally {
      this.#allocator.limitBytes = Infinity;
    }
    if (this.#hostError !== undefined) {
      const { error } = this.#hostError;
      this.#hostError = undefined;
      module._lua_settop(L, 0);
      throw error;
    }
    if (status !== 0) throw this.#failure(status, instructions);
    const count = module._lua_gettop(L) - handler;
    const values = Array.from({ length: count }, (_, i) => this.#value(L, handler + 1 + i));
    module._lua_settop(L, 0);
    return values;
  }

  [Symbol.dispose](): void {
    if (this.#crash === undefined) this.#module._lua_close(this.#state);
  }

  /** lua_Hook: ends a call whose budget is used up. */
  #onCount = (L: Pointer): void => {
    if (this.#hookLimit === Infinity) return;
    const progress = this.#readProgress(L);
    if (progress !== this.#progress) {
      this.#progress = progress;
      this.#hooks = 0;
    }
    if (++this.#hooks < this.#hookLimit) return;
    this.#isStopped = true;
    this.#push(this.#thrownAtEnd, L);
    this.#module._lua_error(L);
  };

  #readProgress(L: Pointer): number {
    const module = this.#module;
    this.#push(this.#progressTable, L);
    module._lua_rawgeti(L, -1, 1n);
    const value = module._lua_tonumberx(L, -1, 0);
    module._lua_settop(L, -3);
    return value;
  }

  #failure(status: number, instructions: number): LuaError {
    if (status === LUA_ERRMEM) {
      this.#module._lua_settop(this.#state, 0);
      return new LuaError("memory", NOT_ENOUGH_MEMORY);
    }
    const [message, calls = ""] = this.#popMessage().split("\nstack traceback:\n");
    const traceback = calls.split("\n").map((line) => line.trim())
      .filter((line) => line !== "" && line !== "[C]: in ?" && !line.includes(OWN_CHUNK));
    if (!this.#isStopped) return new LuaError("error", message, traceback);
    const stopped = `${message}stopped after ${instructions.toLocaleString("en")} instructions`;
    return new LuaError("budget", stopped, traceback);
  }

  #push(value: HostValue, L = this.#state): void {
    const module = this.#module;
    if (value === undefined) module._lua_pushnil(L);
    else if (value instanceof LuaReference) module._lua_rawgeti(L, REGISTRY, value.key);
    else if (typeof value === "number") {
      if (Number.isSafeInteger(value)) module._lua_pushinteger(L, BigInt(value));
      else module._lua_pushnumber(L, value);
    } else {
      const bytes = typeof value === "string" ? encoder.encode(value) : value;
      const block = this.#copyIn(bytes);
      try {
        module._lua_pushlstring(L, block, bytes.length);
      } finally {
        module._free(block); // also when Lua's own error, out of memory, flies by
      }
    }
  }

  #value(L: Pointer, index: number): LuaValue {
    const module = this.#module;
    const type = TYPES[module._lua_type(L, index)];
    switch (type) {
      case "string":
        return { type, bytes: this.#bytes(L, index) };
      case "number": {
        const value = module._lua_tonumberx(L, index, 0);
        return { type: module._lua_isinteger(L, index) ? "integer" : "float", value };
      }
      case "function":
      case "table":
        module._lua_pushvalue(L, index);
        return { type, reference: this.#popReference(L) };
      default:
        return { type };
    }
  }

  /** A copy of the string at `index`. */
  #bytes(L: Pointer, index: number): Uint8Array<ArrayBuffer> {
    const module = this.#module;
    const at = module._lua_tolstring(L, index, this.#sizeAt);
    // Only now: making a string of a number may have moved the memory.
    const size = new DataView(module.HEAPU8.buffer).getUint32(this.#sizeAt, true);
    return module.HEAPU8.slice(at, at + size);
  }

  #popMessage(): string {
    const message = decoder.decode(this.#bytes(this.#state, -1));
    this.#module._lua_settop(this.#state, 0);
    return message;
  }

  #popReference(L = this.#state): LuaReference {
    return new LuaReference(BigInt(this.#module._luaL_ref(L, REGISTRY)));
  }

  #copyIn(bytes: Uint8Array): Pointer {
    const block = this.#module._malloc(Math.max(1, bytes.length));
    this.#module.HEAPU8.set(bytes, block);
    return block;
  }
}

const NOT_ENOUGH_MEMORY = `not enough memory: a script has ${MEMORY_BYTES / 2 ** 20} MiB`;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
