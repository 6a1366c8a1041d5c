import { type Meter, metered, meterOf } from "./meter.ts";

/**
 * The part of wasmoon that ipft uses: the C API of Lua 5.4, compiled to WebAssembly. wasmoon's own types
 * build on those of emscripten and hide half of it. Its convenient calls turn strings into UTF-8, which
 * binary data does not survive.
 */

/** A `lua_State *`, another pointer, or a size: an offset into the memory of the virtual machine. */
export type Pointer = number;

/** Functions of the C API (Lua 5.4 reference manual, §4 and §5) and of emscripten's libc. */
export interface LuaApi {
  /** The whole memory. It is another array after the memory has grown. */
  readonly HEAPU8: Uint8Array<ArrayBuffer>;
  /**
   * Puts a JavaScript function into the table of C functions.
   * @param signature the types of the result, then of the parameters
   */
  addFunction(implementation: (...args: number[]) => number | void, signature: string): Pointer;
  _malloc(sizeBytes: number): Pointer;
  _realloc(block: Pointer, sizeBytes: number): Pointer;
  _free(block: Pointer): void;
  _lua_newstate(allocator: Pointer, context: Pointer): Pointer;
  _lua_close(L: Pointer): void;
  _luaL_openlibs(L: Pointer): void;
  _luaL_loadbufferx(L: Pointer, text: Pointer, size: number, name: Pointer, mode: Pointer): number;
  _lua_pcallk(
    L: Pointer,
    args: number,
    results: number,
    handler: number,
    context: number,
    continuation: Pointer | null,
  ): number;
  _lua_newthread(L: Pointer): Pointer;
  _luaL_traceback(L: Pointer, of: Pointer, message: Pointer, level: number): void;
  _lua_sethook(L: Pointer, hook: Pointer, mask: number, count: number): void;
  _lua_settop(L: Pointer, index: number): void;
  _lua_gettop(L: Pointer): number;
  _lua_type(L: Pointer, index: number): number;
  _lua_isinteger(L: Pointer, index: number): number;
  _lua_tonumberx(L: Pointer, index: number, isNumber: Pointer): number;
  _lua_tolstring(L: Pointer, index: number, size: Pointer): Pointer;
  _lua_pushlstring(L: Pointer, text: Pointer, size: number): Pointer;
  _lua_pushinteger(L: Pointer, value: bigint): void;
  _lua_pushnumber(L: Pointer, value: number): void;
  _lua_pushnil(L: Pointer): void;
  _lua_pushcclosure(L: Pointer, implementation: Pointer, upvalues: number): void;
  _lua_pushvalue(L: Pointer, index: number): void;
  _lua_rawget(L: Pointer, index: number): number;
  _lua_rawgeti(L: Pointer, index: number, element: bigint): number;
  _luaL_ref(L: Pointer, index: number): number;
  _luaL_unref(L: Pointer, index: number, reference: number): void;
}

/** A virtual machine without a Lua state. */
export interface LuaMachine {
  readonly lua: LuaApi;
  readonly meter: Meter;
  /** Return and set the top of the stack of C, which an exception of JavaScript leaves where it is. */
  saveStack(): Pointer;
  restoreStack(top: Pointer): void;
}

/**
 * Loads a new virtual machine. It has a meter, and reaches no file and no command of the host.
 * wasmoon is imported only now: most traces have no script.
 */
export async function loadWasmoon(): Promise<LuaMachine> {
  const { LuaWasm } = await import("wasmoon");
  const { instantiate } = WebAssembly;
  let exports: WebAssembly.Exports | undefined;
  // wasmoon has no other way to change the module, which it reads and instantiates itself.
  const instantiateMetered = async (module: Uint8Array, imports: WebAssembly.Imports) => {
    const result = await instantiate(metered(module), withoutHost(imports));
    exports = result.instance.exports;
    // Until there is a function to call.
    const { instructions, rounds } = meterOf(exports);
    instructions.value = rounds.value = LARGEST;
    return result;
  };
  WebAssembly.instantiate = instantiateMetered as unknown as typeof instantiate;
  try {
    const { module } = await LuaWasm.initialize();
    const { stackSave, stackRestore } = exports as Record<string, (top?: Pointer) => Pointer>;
    return {
      lua: module as unknown as LuaApi,
      meter: meterOf(exports!),
      saveStack: () => stackSave(),
      restoreStack: (top) => void stackRestore(top),
    };
  } finally {
    WebAssembly.instantiate = instantiate;
  }
}

const LARGEST = 2 ** 31 - 1;

/** Replaces what reaches the host by functions that fail, whichever functions of Lua's library call them. */
function withoutHost(imports: WebAssembly.Imports): WebAssembly.Imports {
  const REACHES_HOST = /^(__syscall_|fd_|environ_|system$|exit$)/, ENOSYS = 52;
  const replaced = Object.entries(imports).map(([module, functions]) => {
    const changed = Object.entries(functions).map(([name, value]) => {
      if (!REACHES_HOST.test(name)) return [name, value];
      return [name, () => name.startsWith("__syscall_") ? -ENOSYS : ENOSYS];
    });
    return [module, Object.fromEntries(changed)];
  });
  return Object.fromEntries(replaced);
}
