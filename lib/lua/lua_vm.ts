import { Allocator } from "./allocator.ts";
import {
  type HostFunction,
  type HostValue,
  LuaError,
  LuaReference,
  type LuaValue,
} from "./lua_value.ts";
import { loadWasmoon, type LuaApi, type Pointer } from "./wasmoon.ts";

/** Memory that a script may use. What the host allocates between calls is not limited. */
export const MEMORY_BYTES = 64 * 2 ** 20;

/** The counting hook runs once in so many instructions: seldom enough to cost nothing. */
const HOOK_INSTRUCTIONS = 100_000;

/** The name of ipft's own chunks. No traceback shows them. */
export const OWN_CHUNK = "[ipft]";

/** From lua.h: statuses of calls, types and special indices. */
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
 * A Lua 5.4 state in WebAssembly, with the whole standard library. A script reaches the host only
 * through the functions that it is given, and its memory and time are limited.
 */
export class LuaVm implements Disposable {
  readonly #lua: LuaApi;
  readonly #allocator: Allocator;
  readonly #state: Pointer;
  /** Address at which the C API stores the size of a string. */
  readonly #sizeAt: Pointer;
  /** How often the hook may run in the current call, and has run since `#progress` changed. */
  #hookLimit = Infinity;
  #hooks = 0;
  #progress: unknown;
  #isStopped = false;
  /** An exception of a host function. It must not unwind the frames of Lua's own error handling. */
  #hostError: { readonly error: unknown } | undefined;
  #crash: string | undefined;
  #explain: LuaReference | undefined;
  #thrownAtEnd: LuaReference | undefined;
  #progressTable: LuaReference | undefined;

  private constructor(lua: LuaApi) {
    this.#lua = lua;
    this.#sizeAt = lua._malloc(4);
    this.#allocator = new Allocator(lua);
    this.#state = lua._lua_newstate(lua.addFunction(this.#allocator.allocate, "iiiii"), 0);
    lua._luaL_openlibs(this.#state);
    const hook = lua.addFunction(this.#onCount, "vii");
    lua._lua_sethook(this.#state, hook, LUA_MASKCOUNT, HOOK_INSTRUCTIONS);
  }

  static async create(): Promise<LuaVm> {
    return new LuaVm(await loadWasmoon());
  }

  /**
   * Sets what calls are watched with.
   * @param explain the message handler of every call: takes the error and returns a message, followed
   *   by a traceback on lines of its own
   * @param thrownAtEnd the error that ends a call at the end of its budget
   * @param progress a table; when its first element changes during a call, the budget starts again
   */
  watch(explain: LuaReference, thrownAtEnd: LuaReference, progress: LuaReference): void {
    this.#explain = explain;
    this.#thrownAtEnd = thrownAtEnd;
    this.#progressTable = progress;
  }

  /** The first element of the `progress` table. */
  get progress(): number {
    return this.#readProgress(this.#state);
  }

  /** Makes a host function callable from Lua. */
  define(implementation: HostFunction): LuaReference {
    const lua = this.#lua;
    const pointer = lua.addFunction((L) => {
      const args = Array.from({ length: lua._lua_gettop(L) }, (_, i) => this.#value(L, i + 1));
      let results: HostValue[] = [];
      try {
        results = implementation(...args);
      } catch (error) {
        this.#hostError ??= { error };
      }
      for (const result of results) this.#push(result, L);
      return results.length;
    }, "ii");
    lua._lua_pushcclosure(this.#state, pointer, 0);
    return this.#popReference();
  }

  /**
   * Compiles a chunk of source.
   * @param name in Lua's notation: `@` and a path, or `=` and the name that messages show
   * @throws LuaError on a syntax error
   */
  compile(source: Uint8Array | string, name: string): LuaReference {
    const lua = this.#lua, L = this.#state;
    const bytes = typeof source === "string" ? encoder.encode(source) : source;
    const [text, chunkName, mode] = [bytes, encoder.encode(`${name}\0`), encoder.encode("t\0")]
      .map((part) => this.#copyIn(part));
    const status = lua._luaL_loadbufferx(L, text, bytes.length, chunkName, mode);
    for (const block of [text, chunkName, mode]) lua._free(block);
    if (status === LUA_ERRSYNTAX) throw new LuaError("error", this.#popMessage());
    if (status !== 0) throw new LuaError("memory", NOT_ENOUGH_MEMORY);
    return this.#popReference();
  }

  /** Writes a file into the virtual machine's file system, which is in memory. */
  writeFile(path: string, bytes: Uint8Array): void {
    this.#lua.FS.writeFile(path, bytes);
  }

  /** Returns the value of a global variable. */
  global(name: string): LuaValue {
    const lua = this.#lua, L = this.#state;
    lua._lua_rawgeti(L, REGISTRY, GLOBALS);
    this.#push(name);
    lua._lua_rawget(L, -2);
    const value = this.#value(L, -1);
    lua._lua_settop(L, 0);
    return value;
  }

  /**
   * Calls a function.
   * @param instructions how many it may run, in steps of 100,000; unlimited for ipft's own code
   * @returns all that the function returns
   * @throws LuaError when it fails or is stopped, and whatever a host function throws during the call
   */
  call(callee: LuaReference, args: readonly HostValue[], instructions = Infinity): LuaValue[] {
    if (this.#crash !== undefined) throw new LuaError("crash", this.#crash);
    const lua = this.#lua, L = this.#state;
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
      status = lua._lua_pcallk(L, args.length, MULTIPLE, handler, 0, null);
    } catch (error) {
      // Not an error in Lua: the virtual machine trapped, and its state is unknown.
      this.#crash = `the Lua virtual machine crashed: ${(error as Error).message}`;
      throw new LuaError("crash", this.#crash);
    } finally {
      this.#allocator.limitBytes = Infinity;
    }
    if (this.#hostError !== undefined) {
      const { error } = this.#hostError;
      this.#hostError = undefined;
      lua._lua_settop(L, 0);
      throw error;
    }
    if (status !== 0) throw this.#failure(status, instructions);
    const count = lua._lua_gettop(L) - handler;
    const values = Array.from({ length: count }, (_, i) => this.#value(L, handler + 1 + i));
    lua._lua_settop(L, 0);
    return values;
  }

  [Symbol.dispose](): void {
    if (this.#crash === undefined) this.#lua._lua_close(this.#state);
  }

  /** Implements lua_Hook: ends a call whose budget is used up. */
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
    this.#lua._lua_error(L);
  };

  #readProgress(L: Pointer): number {
    const lua = this.#lua;
    this.#push(this.#progressTable, L);
    lua._lua_rawgeti(L, -1, 1n);
    const value = lua._lua_tonumberx(L, -1, 0);
    lua._lua_settop(L, -3);
    return value;
  }

  #failure(status: number, instructions: number): LuaError {
    if (status === LUA_ERRMEM) {
      this.#lua._lua_settop(this.#state, 0);
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
    const lua = this.#lua;
    if (value === undefined) lua._lua_pushnil(L);
    else if (value instanceof LuaReference) lua._lua_rawgeti(L, REGISTRY, value.key);
    else if (typeof value === "number") {
      if (Number.isSafeInteger(value)) lua._lua_pushinteger(L, BigInt(value));
      else lua._lua_pushnumber(L, value);
    } else {
      const bytes = typeof value === "string" ? encoder.encode(value) : value;
      const block = this.#copyIn(bytes);
      try {
        lua._lua_pushlstring(L, block, bytes.length);
      } finally {
        lua._free(block); // also when Lua runs out of memory and unwinds
      }
    }
  }

  #value(L: Pointer, index: number): LuaValue {
    const lua = this.#lua;
    const type = TYPES[lua._lua_type(L, index)];
    switch (type) {
      case "string":
        return { type, bytes: this.#bytes(L, index) };
      case "number": {
        const value = lua._lua_tonumberx(L, index, 0);
        return { type: lua._lua_isinteger(L, index) ? "integer" : "float", value };
      }
      case "function":
      case "table":
        lua._lua_pushvalue(L, index);
        return { type, reference: this.#popReference(L) };
      default:
        return { type };
    }
  }

  /** Copies the string at `index`. */
  #bytes(L: Pointer, index: number): Uint8Array<ArrayBuffer> {
    const lua = this.#lua;
    const at = lua._lua_tolstring(L, index, this.#sizeAt);
    // Not earlier: converting a number to a string may have moved the memory.
    const size = new DataView(lua.HEAPU8.buffer).getUint32(this.#sizeAt, true);
    return lua.HEAPU8.slice(at, at + size);
  }

  #popMessage(): string {
    const message = decoder.decode(this.#bytes(this.#state, -1));
    this.#lua._lua_settop(this.#state, 0);
    return message;
  }

  #popReference(L = this.#state): LuaReference {
    return new LuaReference(BigInt(this.#lua._luaL_ref(L, REGISTRY)));
  }

  #copyIn(bytes: Uint8Array): Pointer {
    const block = this.#lua._malloc(Math.max(1, bytes.length));
    this.#lua.HEAPU8.set(bytes, block);
    return block;
  }
}

const NOT_ENOUGH_MEMORY = `not enough memory: a script has ${MEMORY_BYTES / 2 ** 20} MiB`;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
