import { IpftError } from "../base/errors.ts";
import type { ExtensionObject } from "../bpf/extension_object.ts";
import type { OpenFields } from "../event/fields.ts";
import { readUserFile } from "../ffi/user_file.ts";
import { SymbolTable } from "../kernel/symbol_table.ts";
import { EventStruct } from "./event_struct.ts";
import { openObject } from "./open_object.ts";
import { StructReader } from "./struct_reader.ts";

/** An extension in C, whose object says how its data is shown: docs/extensions.md. */
export class BpfExtension implements Disposable {
  readonly #object: ExtensionObject;
  readonly #event: EventStruct;

  private constructor(object: ExtensionObject) {
    this.#object = object;
    this.#event = new EventStruct(openObject(object).btf, object.source);
  }

  /**
   * Compiles a C file.
   * @param tell called with the compiler's warnings
   * @param signal ends the compiler
   * @throws IpftError when it cannot be compiled, or is not an extension
   */
  static async compile(
    path: string,
    tell: (message: string) => void,
    signal?: AbortSignal,
  ): Promise<BpfExtension> {
    const { compileExtension } = await import("./compile.ts");
    const { elf, warnings } = await compileExtension(path, signal);
    if (warnings !== "") tell(warnings);
    return new BpfExtension({ elf, source: `the extension ${path}` });
  }

  /**
   * @param signal ends the wait for a pipe
   * @throws IpftError when the object cannot be read, or is not an extension
   */
  static async read(path: string, signal?: AbortSignal): Promise<BpfExtension> {
    const elf = await readUserFile("extension", path, signal);
    return new BpfExtension({ elf, source: `the extension ${path}` });
  }

  object(): ExtensionObject {
    return this.#object;
  }

  /**
   * Makes readers of the event struct. They throw an IpftError that names a member when it cannot be
   * shown, or not as its tag says, or when the output reserves its name.
   * @throws IpftError when the kernel shows no symbols, and a member needs them
   */
  async openFields(): Promise<OpenFields> {
    const symbols = this.#event.wantsSymbols ? await readSymbols() : undefined;
    return (writer) => new StructReader(this.#event, writer, (address) => symbols?.name(address));
  }

  /** Runs the trace. Unlike a script, C has nothing to do before and after it. */
  run(body: () => Promise<void>): Promise<void> {
    return body();
  }

  [Symbol.dispose](): void {}
}

async function readSymbols(): Promise<SymbolTable> {
  const symbols = await SymbolTable.read();
  if (!symbols.isEmpty) return symbols;
  throw new IpftError(
    "the extension shows names of addresses, but /proc/kallsyms hides all addresses",
    "run ipft as root (CAP_SYSLOG), and with `sysctl kernel.kptr_restrict=1` if it is 2",
  );
}
