import type { LuaModule, Pointer } from "./wasmoon.ts";

/** Blocks up to this size are kept for the next of their kind, in steps of 16 bytes. */
const SMALL_BYTES = 256;

/**
 * The memory of a Lua state: with a limit, and quick for the small blocks that each event makes and
 * leaves, because a call back into WebAssembly for malloc and free would take longer than they do.
 */
export class Allocator {
  readonly #module: LuaModule;
  /** By size / 16: addresses of free small blocks. */
  readonly #free: Pointer[][] = Array.from({ length: SMALL_BYTES / 16 + 1 }, () => []);
  #usedBytes = 0;
  /** What the state may use; beyond it Lua throws its error for memory. */
  limitBytes = Infinity;

  constructor(module: LuaModule) {
    this.#module = module;
  }

  /** lua_Alloc (Lua 5.4 reference manual, §4.6). Without a block `oldBytes` is something else. */
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
      const moved = this.#module._realloc(block, newBytes);
      if (moved !== 0) this.#usedBytes += grownBytes;
      return moved;
    }
    let moved = 0;
    if (newBytes > 0) {
      moved = this.#take(newBytes);
      if (moved === 0) return 0;
      const keptBytes = Math.min(oldBytes, newBytes);
      if (keptBytes > 0) this.#module.HEAPU8.copyWithin(moved, block, block + keptBytes);
    }
    this.#usedBytes += grownBytes;
    if (oldBytes > SMALL_BYTES) this.#module._free(block);
    else if (block !== 0) this.#free[oldBytes + 15 >>> 4].push(block);
    return moved;
  };

  #take(sizeBytes: number): Pointer {
    if (sizeBytes > SMALL_BYTES) return this.#module._malloc(sizeBytes);
    const step = sizeBytes + 15 >>> 4;
    return this.#free[step].pop() ?? this.#module._malloc(step * 16);
  }
}
