import { dirname } from "node:path";
import { RESERVED_NAMES } from "../event/fields.ts";
import { isSignalled } from "../ffi/signal_flag.ts";
import batchSource from "./batch.lua" with { type: "text" };
import filesSource from "./files.lua" with { type: "text" };
import { HostFiles } from "./host_files.ts";
import { type HostValue, LuaError, type LuaReference, type LuaValue } from "./lua_value.ts";
import { LuaVm } from "./lua_vm.ts";
import { OWN_CHUNK } from "./traceback.ts";
import type { Budget } from "./watch.ts";
import sandboxSource from "./sandbox.lua" with { type: "text" };

/** Takes what a script prints. */
export interface ScriptOutput {
  /** Takes the output of `print` and `io.write`. */
  write(bytes: Uint8Array): void;
  /** Takes what is written to `io.stderr`. */
  writeError(bytes: Uint8Array): void;
}

/** The functions of `batch.lua`, which runs `dump` or `decode` on many events in one call. */
export interface BatchFunctions {
  readonly begin: LuaReference;
  readonly runDump: LuaReference;
  readonly runDecode: LuaReference;
  readonly keysOf: LuaReference;
  readonly fail: LuaReference;
  readonly findBadResult: LuaReference;
  readonly takeTexts: LuaReference;
  readonly takeFields: LuaReference;
}

/** A virtual machine in which a script can do no harm. */
export class Sandbox implements Disposable {
  readonly vm: LuaVm;
  readonly batch: BatchFunctions;
  readonly #files: HostFiles;
  /** Why the last file that the script could not open was refused. */
  #missed: string | undefined;

  private constructor(vm: LuaVm, folder: string, output: ScriptOutput) {
    this.vm = vm;
    this.#files = new HostFiles([".", folder]);
    const onBytes = (write: (bytes: Uint8Array) => void) =>
      vm.define((value) => {
        if (value?.type === "string") write(value.bytes);
        return [];
      });
    const chunk = (source: string) => vm.compile(source, `=${OWN_CHUNK}`);
    const reserved = ` ${[...RESERVED_NAMES].join(" ")} `;
    const [
      progress,
      explain,
      begin,
      runDump,
      runDecode,
      keysOf,
      fail,
      findBadResult,
      takeTexts,
      takeFields,
    ] = vm
      .call(chunk(batchSource), [reserved]).map(reference);
    const [files] = vm.call(chunk(filesSource), []).map(reference);
    vm.call(chunk(sandboxSource), [
      folder,
      vm.define((path) => this.#readFile(path)),
      onBytes((bytes) => output.write(bytes)),
      onBytes((bytes) => output.writeError(bytes)),
      vm.define(() => [performance.now() / 1000]),
      OWN_CHUNK,
      files,
    ]);
    vm.watch(explain, progress);
    this.batch = { begin, runDump, runDecode, keysOf, fail, findBadResult, takeTexts, takeFields };
  }

  /**
   * Makes the sandbox for a script, which may read the files below its folder and the working directory.
   */
  static async create(scriptPath: string, output: ScriptOutput): Promise<Sandbox> {
    isSignalled(); // signals count from here on: listeners do not run while Lua does
    return new Sandbox(await LuaVm.create(isSignalled), dirname(scriptPath), output);
  }

  /**
   * Calls a function of the script.
   * @throws LuaError as `LuaVm.call` does; the message names a file that could not be opened
   */
  call(callee: LuaReference, args: readonly HostValue[], budget: Budget): LuaValue[] {
    this.#missed = undefined;
    try {
      return this.vm.call(callee, args, budget);
    } catch (error) {
      const missed = this.#missed;
      if (!(error instanceof LuaError) || error.failure !== "error" || !missed) throw error;
      if (error.message.includes(missed)) throw error;
      // Most scripts use the result of io.open without checking it.
      const message = `${error.message} (it could not open ${missed})`;
      throw new LuaError(error.failure, message, error.traceback);
    }
  }

  [Symbol.dispose](): void {
    this.vm[Symbol.dispose]();
  }

  #readFile(path: LuaValue | undefined): HostValue[] {
    const content = this.#files.read(bytesOf(path));
    if (typeof content !== "string") return [content];
    this.#missed = content;
    return [undefined, content];
  }
}

function bytesOf(value: LuaValue | undefined): Uint8Array {
  if (value?.type === "string") return value.bytes;
  throw new Error(`ipft's own Lua code asked for ${value?.type}`);
}

function reference(value: LuaValue): LuaReference {
  if (value.type === "function" || value.type === "table") return value.reference;
  throw new Error(`ipft's own Lua code returned ${value.type}`);
}
