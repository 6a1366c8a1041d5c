import { dirname } from "node:path";
import { RESERVED_NAMES } from "../event/fields.ts";
import batchSource from "./batch.lua" with { type: "text" };
import { HostFiles } from "./host_files.ts";
import { type HostValue, LuaError, type LuaReference, type LuaValue } from "./lua_value.ts";
import { LuaVm, OWN_CHUNK } from "./lua_vm.ts";
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
  #copies = 0;
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
    const [thrownAtEnd] = vm.call(vm.compile(sandboxSource, `=${OWN_CHUNK}`), [
      folder,
      vm.define((path) => this.#copyFile(path)),
      onBytes((bytes) => output.write(bytes)),
      onBytes((bytes) => output.writeError(bytes)),
      vm.define(() => [performance.now() / 1000]),
    ]).map(reference);
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
      .call(vm.compile(batchSource, `=${OWN_CHUNK}`), [thrownAtEnd, reserved]).map(reference);
    vm.watch(explain, thrownAtEnd, progress);
    this.batch = { begin, runDump, runDecode, keysOf, fail, findBadResult, takeTexts, takeFields };
  }

  /**
   * Makes the sandbox for a script, which may read the files below its folder and the working directory.
   */
  static async create(scriptPath: string, output: ScriptOutput): Promise<Sandbox> {
    return new Sandbox(await LuaVm.create(), dirname(scriptPath), output);
  }

  /**
   * Calls a function of the script.
   * @throws LuaError as `LuaVm.call` does; the message names a file that could not be opened
   */
  call(callee: LuaReference, args: readonly HostValue[], instructions: number): LuaValue[] {
    this.#missed = undefined;
    try {
      return this.vm.call(callee, args, instructions);
    } catch (error) {
      const missed = this.#missed;
      if (!(error instanceof LuaError) || !missed || error.message.includes(missed)) throw error;
      // Most scripts use the result of io.open without checking it.
      const message = `${error.message} (it could not open ${missed})`;
      throw new LuaError(error.failure, message, error.traceback);
    }
  }

  [Symbol.dispose](): void {
    this.vm[Symbol.dispose]();
  }

  #copyFile(path: LuaValue | undefined): HostValue[] {
    const content = this.#files.read(text(path));
    if (typeof content === "string") {
      this.#missed = content;
      return [undefined, content];
    }
    // In the virtual machine's file system.
    const copy = `/tmp/${this.#copies++}`;
    this.vm.writeFile(copy, content);
    return [copy];
  }
}

const decoder = new TextDecoder();

function text(value: LuaValue | undefined): string {
  if (value?.type === "string") return decoder.decode(value.bytes);
  if (value?.type === "integer" || value?.type === "float") return String(value.value);
  return "";
}

function reference(value: LuaValue): LuaReference {
  if (value.type === "function" || value.type === "table") return value.reference;
  throw new Error(`ipft's own Lua code returned ${value.type}`);
}
