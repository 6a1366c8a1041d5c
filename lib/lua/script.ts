import { IpftError } from "../base/errors.ts";
import type { ExtensionObject } from "../bpf/extension_object.ts";
import type { OpenFields } from "../event/fields.ts";
import { readUserFile } from "../ffi/user_file.ts";
import { LuaReader } from "./lua_reader.ts";
import { LuaError, type LuaReference, type LuaValue } from "./lua_value.ts";
import { scriptError } from "./script_error.ts";
import { Sandbox, type ScriptOutput } from "./sandbox.ts";

/** The only version of the scripting API. */
const API_VERSION = 1;

/** How much the script itself, `init`, `emit` and `fini` may each run: about a second. */
const BUDGET = { instructions: 100_000_000, rounds: 300_000_000, isEvent: false };

const FUNCTIONS = ["init", "emit", "dump", "decode", "fini"] as const;

/** A user's script in Lua. docs/lua.md says what it may define. */
export class LuaScript implements Disposable {
  readonly #path: string;
  readonly #sandbox: Sandbox;

  private constructor(path: string, sandbox: Sandbox) {
    this.#path = path;
    this.#sandbox = sandbox;
  }

  /**
   * Reads and runs a script, which defines its functions.
   * @param signal ends the wait for a pipe
   * @throws IpftError when it cannot be read, fails, or is written for another version of the API
   */
  static async load(
    path: string,
    output: ScriptOutput,
    signal?: AbortSignal,
  ): Promise<LuaScript> {
    const source = await readUserFile("script", path, signal);
    const script = new LuaScript(path, await Sandbox.create(path, output));
    try {
      script.#explained("the script", () => script.#sandbox.vm.compile(source, `@${path}`, BUDGET));
      script.#check();
    } catch (error) {
      script[Symbol.dispose]();
      throw error;
    }
    return script;
  }

  /**
   * Calls `init`, then `body`, then `fini`, even when `body` has failed. The script may lack both.
   * @param onError called when `fini` fails after `body` has failed
   * @throws IpftError when `init` or `fini` fails, and whatever `body` rejects with
   */
  async run(body: () => Promise<void>, onError: (error: IpftError) => void): Promise<void> {
    this.#call("init");
    try {
      await body();
    } catch (error) {
      try {
        this.#call("fini");
      } catch (finiError) {
        if (finiError instanceof IpftError) onError(finiError);
      }
      throw error;
    }
    this.#call("fini");
  }

  /**
   * Returns the object that `emit` returns or `program` holds; undefined when the script has neither.
   * @throws IpftError when `emit` fails or returns anything but a string
   */
  object(): ExtensionObject | undefined {
    const name = this.#function("emit") === undefined ? "program" : "emit";
    const [value] = name === "emit" ? this.#call("emit") : [this.#sandbox.vm.global("program")];
    const source = `the extension from ${name} of ${this.#path}`;
    if (value?.type === "string") return { elf: value.bytes, source };
    if (name === "program") return undefined;
    throw new IpftError(
      `emit of ${this.#path} returned ${described(value)}`,
      "it must return a BPF object, the bytes of an ELF file as a string",
    );
  }

  /**
   * Makes readers that call the script's `dump` or `decode`; undefined when it has neither.
   * @param onFirstError called with the first error, whichever reader it comes from
   */
  openFields(onFirstError: (error: IpftError) => void): OpenFields | undefined {
    const name = (["dump", "decode"] as const).find((name) => this.#function(name) !== undefined);
    if (name === undefined) return undefined;
    let isTold = false;
    const onError = (error: IpftError) => {
      if (!isTold) onFirstError(error);
      isTold = true;
    };
    return (writer) => new LuaReader(this.#sandbox, name, writer, onError);
  }

  [Symbol.dispose](): void {
    this.#sandbox[Symbol.dispose]();
  }

  #check(): void {
    const { vm } = this.#sandbox;
    const path = this.#path;
    const version = vm.global("api_version");
    const remedy = `write: api_version = ${API_VERSION}`;
    if (version.type === "nil") throw new IpftError(`${path} sets no api_version`, remedy);
    if (version.type !== "integer") {
      const is = described(version);
      throw new IpftError(`api_version of ${path} is ${is}, not an integer`, remedy);
    }
    if (version.value !== API_VERSION) {
      throw new IpftError(
        `api_version ${version.value} of ${path} is not supported`,
        `the only version is ${API_VERSION}`,
      );
    }
    const defined = new Set<string>(FUNCTIONS.filter((name) => this.#function(name) !== undefined));
    const program = vm.global("program");
    if (program.type === "string") defined.add("program");
    else if (program.type !== "nil") {
      throw new IpftError(
        `program of ${path} is ${described(program)}`,
        "it must be a BPF object, the bytes of an ELF file as a string",
      );
    }
    for (const [one, other] of [["emit", "program"], ["dump", "decode"]]) {
      if (defined.has(one) && defined.has(other)) {
        throw new IpftError(`${path} has both ${one} and ${other}`, "keep one of them");
      }
    }
  }

  /** Returns a function that the script defines; undefined when it does not. */
  #function(name: typeof FUNCTIONS[number]): LuaReference | undefined {
    const value = this.#sandbox.vm.global(name);
    if (value.type === "nil") return undefined;
    if (value.type === "function") return value.reference;
    throw new IpftError(`${name} of ${this.#path} is ${described(value)}`, "it must be a function");
  }

  #call(name: "init" | "emit" | "fini"): LuaValue[] {
    const callee = this.#function(name);
    if (callee === undefined) return [];
    return this.#explained(name, () => callee);
  }

  /** Calls code of the script. Turns its errors into messages for the user. */
  #explained(name: string, callee: () => LuaReference): LuaValue[] {
    try {
      return this.#sandbox.call(callee(), [], BUDGET);
    } catch (error) {
      if (!(error instanceof LuaError)) throw error;
      throw scriptError(name, error);
    }
  }
}

/** `nil`, `a table`, `an integer`. */
function described(value: LuaValue | undefined): string {
  if (value === undefined) return "nothing";
  if (value.type === "nil") return "nil";
  return `${value.type === "integer" ? "an" : "a"} ${value.type}`;
}
