import { IpftError } from "../base/errors.ts";
import { SymbolTable } from "../kernel/symbol_table.ts";
import { EventStruct } from "./event_struct.ts";
import type { ExtensionObject } from "../bpf/extension_object.ts";
import { openModule } from "./open_object.ts";
import { readUserFile } from "../ffi/user_file.ts";
import { StructFormatter } from "./struct_formatter.ts";

/** A user's extension in C: a module whose object says how its data is shown; docs/extensions.md. */
export class BpfExtension implements Disposable {
  readonly #image: ExtensionObject;
  readonly #event: EventStruct;

  private constructor(image: ExtensionObject) {
    this.#image = image;
    this.#event = new EventStruct(openModule(image.elf, image.source).btf, image.source);
  }

  /**
   * Compiles a C file.
   * @param tell told of the compiler's warnings
   * @throws IpftError when it cannot be compiled, or is no extension
   */
  static async compile(path: string, tell: (message: string) => void): Promise<BpfExtension> {
    const { compileModule } = await import("./compile.ts");
    const { elf, warnings } = await compileModule(path);
    if (warnings !== "") tell(warnings);
    return new BpfExtension({ elf, source: path });
  }

  /** @throws IpftError when the object cannot be read, or is no extension */
  static read(path: string): BpfExtension {
    return new BpfExtension({ elf: readUserFile("extension", path), source: path });
  }

  module(): ExtensionObject {
    return this.#image;
  }

  /**
   * What makes the end of each event's line.
   * @throws IpftError when a member cannot be shown, or not as it is tagged
   */
  async formatter(format: "text" | "json"): Promise<StructFormatter> {
    const symbols = this.#event.wantsSymbols ? await readSymbols() : undefined;
    return new StructFormatter(
      this.#event,
      format === "json",
      (address) => symbols?.name(address),
    );
  }

  /** Unlike a script, it has nothing to do before and after a trace. */
  run(body: () => Promise<void>): Promise<void> {
    return body();
  }

  [Symbol.dispose](): void {}
}

async function readSymbols(): Promise<SymbolTable> {
  const symbols = await SymbolTable.read();
  if (!symbols.isEmpty) return symbols;
  throw new IpftError(
    "/proc/kallsyms shows no addresses, which the extension wants to be shown by their names",
    "run ipft as root (CAP_SYSLOG), and with `sysctl kernel.kptr_restrict=1` if it is 2",
  );
}
