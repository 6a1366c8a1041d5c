import { Allocator } from "./allocator.ts";
import {
  HostFailure,
  type HostFunction,
  type HostValue,
  LuaError,
  LuaReference,
  type LuaValue,
} from "./lua_value.ts";
import { tracebackOf } from "./traceback.ts";
import { loadWasmoon, type LuaApi, type LuaMachine, type Pointer } from "./wasmoon.ts";
import { type Budget, Stop, Watch } from "./watch.ts";

/** Memory that a script may use, and how much more ipft's own code may use for its results. */
const MEMORY_BYTES = 64 * 2 ** 20, RESULT_BYTES = 64 * 2 ** 20;

/** The most that is shown of an error and its traceback. */
const MESSAGE_BYTES = 1 << 16;

/** From lua.h: a status of calls, a mask of hooks, special indices and types. */
const LUA_ERRMEM = 4, LUA_MASKCOUNT = 1 << 3;
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
 * through the functions that it is given, and its memory and time are limited: `Watch` ends its calls.
 */
export class LuaVm implements Disposable {
  readonly #machine: LuaMachine;
  readonly #lua: LuaApi;
  readonly #allocator: Allocator;
  readonly #watch: Watch;
  /** The main thread. Nothing runs in it, so that it can always be used. */
  readonly #state: Pointer;
  /** Where functions are called, and the key in the registry that keeps it. */
  #thread!: Pointer;
  #threadKey!: number;
  readonly #hook: Pointer;
  /** Address at which the C API stores the size of a string. */
  readonly #sizeAt: Pointer;
  #crash: string | undefined;
  #explain: LuaReference | undefined;
  #progressTable: LuaReference | undefined;

  private constructor(machine: LuaMachine, isSignalled: () => boolean) {
    const { lua, meter } = this.#machine = machine;
    this.#lua = lua;
    this.#sizeAt = lua._malloc(4);
    this.#allocator = new Allocator(lua);
    this.#state = lua._lua_newstate(lua.addFunction(this.#allocator.allocate, "iiiii"), 0);
    this.#hook = lua.addFunction(this.#onHook, "vii");
    this.#watch = new Watch({
      meter,
      progress: () => this.progress,
      interrupt: (thread) => lua._lua_sethook(thread, this.#hook, LUA_MASKCOUNT, 1),
      isSignalled,
    });
    meter.callee.value = lua.addFunction(this.#watch.onMeter, "vi");
    this.#watch.start(undefined);
    lua._luaL_openlibs(this.#state);
    this.#openThread();
  }

  /** @param isSignalled reports whether a signal has come that ends ipft */
  static async create(isSignalled: () => boolean): Promise<LuaVm> {
    return new LuaVm(await loadWasmoon(), isSignalled);
  }

  /**
   * Sets what calls are watched with.
   * @param explain the message handler of every call: takes the error and returns a message, followed
   *   by a traceback on lines of its own
   * @param progress a table; when its first element changes during a call, the budget starts again
   */
  watch(explain: LuaReference, progress: LuaReference): void {
    this.#explain = explain;
    this.#progressTable = progress;
  }

  /** The first element of the `progress` table. */
  get progress(): number {
    const lua = this.#lua, L = this.#state;
    this.#push(this.#progressTable, L);
    lua._lua_rawgeti(L, -1, 1n);
    const value = lua._lua_tonumberx(L, -1, 0);
    lua._lua_settop(L, -3);
    return value;
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
        throw new HostFailure(error);
      }
      this.#watch.countHostCall(results);
      for (const result of results) this.#push(result, L);
      return results.length;
    }, "ii");
    lua._lua_pushcclosure(this.#state, pointer, 0);
    return this.#popReference(this.#state);
  }

  /**
   * Compiles a chunk of source.
   * @param name in Lua's notation: `@` and a path, or `=` and the name that messages show
   * @param budget none for ipft's own code
   * @throws LuaError on a syntax error
   */
  compile(source: Uint8Array | string, name: string, budget?: Budget): LuaReference {
    const lua = this.#lua, L = this.#thread;
    const bytes = typeof source === "string" ? encoder.encode(source) : source;
    const status = this.#run(budget, () => {
      const parts = [bytes, encoder.encode(`${name}\0`), encoder.encode("t\0")];
      const [text, chunkName, mode] = parts.map((part) => this.#copyIn(part));
      if (budget !== undefined) this.#allocator.limitBytes = MEMORY_BYTES;
      try {
        return lua._luaL_loadbufferx(L, text, bytes.length, chunkName, mode);
      } finally {
        for (const block of [text, chunkName, mode]) lua._free(block);
      }
    });
    if (status !== 0) throw this.#failure(status);
    return this.#popReference(L);
  }

  /** Returns the value of a global variable. */
  global(name: string): LuaValue {
    const lua = this.#lua, L = this.#state;
    lua._lua_rawgeti(L, REGISTRY, GLOBALS);
    this.#push(name, L);
    lua._lua_rawget(L, -2);
    const value = this.#value(L, -1);
    lua._lua_settop(L, 0);
    return value;
  }

  /**
   * Calls a function.
   * @param budget none for ipft's own code
   * @returns all that the function returns
   * @throws LuaError when it fails or is stopped, and whatever a host function throws during the call
   */
  call(callee: LuaReference, args: readonly HostValue[], budget?: Budget): LuaValue[] {
    const lua = this.#lua, L = this.#thread;
    const MULTIPLE = -1, handler = this.#explain === undefined ? 0 : 1;
    const status = this.#run(budget, () => {
      if (handler !== 0) this.#push(this.#explain, L);
      this.#push(callee, L);
      for (const arg of args) this.#push(arg, L);
      this.#allocator.limitBytes = MEMORY_BYTES + (budget === undefined ? RESULT_BYTES : 0);
      return lua._lua_pcallk(L, args.length, MULTIPLE, handler, 0, null);
    });
    if (status !== 0) throw this.#failure(status);
    const count = lua._lua_gettop(L) - handler;
    const values = Array.from({ length: count }, (_, i) => this.#value(L, handler + 1 + i));
    lua._lua_settop(L, 0);
    return values;
  }

  [Symbol.dispose](): void {
    if (this.#crash === undefined) this.#lua._lua_close(this.#state);
  }

  /** Calls into the virtual machine. An exception of JavaScript leaves the thread behind. */
  #run(budget: Budget | undefined, body: () => number): number {
    if (this.#crash !== undefined) throw new LuaError("crash", this.#crash);
    const top = this.#machine.saveStack();
    this.#watch.start(budget);
    try {
      return body();
    } catch (error) {
      this.#machine.restoreStack(top);
      if (error instanceof Stop && error.calls !== undefined) {
        const { position, calls } = tracebackOf(error.calls);
        this.#openThread();
        throw new LuaError("budget", `${position}${error.message}`, calls);
      }
      if (error instanceof HostFailure) {
        this.#openThread();
        throw error.error;
      }
      // Its state is unknown: it was stopped within the library, or it trapped.
      const { message } = error as Error;
      this.#crash = error instanceof Stop ? message : `the Lua virtual machine crashed: ${message}`;
      throw new LuaError("crash", this.#crash);
    } finally {
      this.#allocator.limitBytes = Infinity;
      this.#watch.start(undefined);
    }
  }

  /** Opens a thread for calls. The one before it, if any, is garbage, with all that it was about to run. */
  #openThread(): void {
    const lua = this.#lua;
    this.#allocator.limitBytes = Infinity;
    this.#watch.start(undefined);
    if (this.#thread !== undefined) lua._luaL_unref(this.#state, REGISTRY, this.#threadKey);
    this.#thread = lua._lua_newthread(this.#state);
    this.#threadKey = lua._luaL_ref(this.#state, REGISTRY);
  }

  /** Implements lua_Hook: ends the call. */
  #onHook = (L: Pointer): void => {
    const lua = this.#lua, { reason } = this.#watch;
    if (reason === undefined) return lua._lua_sethook(L, 0, 0, 0);
    this.#allocator.limitBytes = Infinity;
    lua._luaL_traceback(L, L, 0, 0);
    throw new Stop(reason, decoder.decode(this.#bytes(L, -1)));
  };

  #failure(status: number): LuaError {
    if (status === LUA_ERRMEM) {
      this.#lua._lua_settop(this.#thread, 0);
      return new LuaError("memory", NOT_ENOUGH_MEMORY);
    }
    const text = decoder.decode(this.#bytes(this.#thread, -1).subarray(0, MESSAGE_BYTES));
    this.#lua._lua_settop(this.#thread, 0);
    const [message] = text.split("\nstack traceback:\n", 1);
    return new LuaError("error", message, tracebackOf(text.slice(message.length)).calls);
  }

  #push(value: HostValue, L: Pointer): void {
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

  #popReference(L: Pointer): LuaReference {
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
