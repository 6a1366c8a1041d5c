import type { LuaApi, Pointer } from "./wasmoon.ts";

/** Freed blocks up to this size are kept to be used again, in steps of 16 bytes. */
const SMALL_BYTES = 256;

/**
 * Allocates the memory of a Lua state, up to a limit. Small blocks, which every event allocates and
 * frees, do not go through malloc: the call back into WebAssembly would take longer than malloc itself.
 */
export class Allocator {
  readonly #lua: LuaApi;
  /** Addresses of free small blocks, by size / 16. */
  readonly #free: Pointer[][] = Array.from({ length: SMALL_BYTES / 16 + 1 }, () => []);
  #usedBytes = 0;
  /** The most that the state may use. Beyond it, Lua throws its memory error. */
  limitBytes = Infinity;

  constructor(lua: LuaApi) {
    this.#lua = lua;
  }

  /** Implements lua_Alloc (Lua 5.4 reference manual, §4.6). Without a block, `oldBytes` is not a size. */
  readonly allocate = (
    _context: Pointer,
    block: Pointer,
    oldBytes: number,
    newBytes: number,
  ): Pointer => {
    if (block === 0) oldBytes = 0;
    const grownBytes = newBytes - oldBytes;
    if (grownBytes > 0 && this.#usedBytes + grownBytes > this.limitBytes) return 0;
    if (oldBytes > SMALL_BYTES && newBytes > SMALL_BYTES) {
      const moved = this.#lua._realloc(block, newBytes);
      if (moved !== 0) this.#usedBytes += grownBytes;
      return moved;
    }
    let moved = 0;
    if (newBytes > 0) {
      moved = this.#take(newBytes);
      if (moved === 0) return 0;
      const keptBytes = Math.min(oldBytes, newBytes);
      if (keptBytes > 0) this.#lua.HEAPU8.copyWithin(moved, block, block + keptBytes);
    }
    this.#usedBytes += grownBytes;
    if (oldBytes > SMALL_BYTES) this.#lua._free(block);
    else if (block !== 0) this.#free[oldBytes + 15 >>> 4].push(block);
    return moved;
  };

  #take(sizeBytes: number): Pointer {
    if (sizeBytes > SMALL_BYTES) return this.#lua._malloc(sizeBytes);
    const step = sizeBytes + 15 >>> 4;
    return this.#free[step].pop() ?? this.#lua._malloc(step * 16);
  }
}
