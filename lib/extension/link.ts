import { errnoText } from "../base/errors.ts";
import { readBpfObject } from "../bpf/object_file.ts";
import { linkObjects } from "../ffi/linker.ts";
import { LibbpfLog } from "../ffi/log.ts";
import { ElfObject, SymbolBinding } from "../btf/elf_object.ts";
import { moduleError } from "./extension_error.ts";
import { prepareModule } from "./prepare.ts";

/**
 * Links the user's module with the tracer. Nothing is written to disk, and no kernel is asked.
 *
 * @param module a relocatable BPF object that defines
 *   `int module(void *ctx, struct sk_buff *skb, uint8_t data[64])`
 * @param source where it came from, for messages: `emit() of foo.lua`
 * @returns the object for `TracerConfig.module`
 * @throws IpftError when it is not such an object, or libbpf cannot link it
 */
export function linkModule(module: Uint8Array, source: string): Uint8Array<ArrayBuffer> {
  const tracer = readBpfObject("tracer_module");
  const prepared = prepareModule(module, ownNames(tracer), source);
  using log = new LibbpfLog();
  // The tracer first: its .bss stays where it is in the linked object.
  const linked = linkObjects([tracer, prepared]);
  if (typeof linked !== "number") return linked;
  const reason = log.lines.at(-1)?.replace(/^libbpf: /, "")
    .replaceAll(/'?\/proc\/self\/fd\/\d+'?/g, "it") ?? errnoText(linked);
  throw moduleError(source, `libbpf cannot link it: ${reason}`);
}

function ownNames(tracer: Uint8Array): ReadonlySet<string> {
  return new Set(
    new ElfObject(tracer, "the tracer").symbols
      .filter(({ section, binding }) => section !== 0 && binding !== SymbolBinding.local)
      .map(({ name }) => name),
  );
}
