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
  readonly FS: { writeFile(path: string, bytes: Uint8Array): void };
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
  _lua_error(L: Pointer): number;
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
}

/** Loads a new virtual machine, without a Lua state. wasmoon is imported only now: most traces have no script. */
export async function loadWasmoon(): Promise<LuaApi> {
  const { LuaWasm } = await import("wasmoon");
  return (await LuaWasm.initialize()).module as unknown as LuaApi;
}
