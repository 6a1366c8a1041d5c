import { errnoText } from "../base/errors.ts";
import type { ExtensionObject, LinkExtension } from "../bpf/extension_object.ts";
import { readBpfObject } from "../bpf/object_file.ts";
import { linkObjects } from "../ffi/linker.ts";
import { LibbpfLog } from "../ffi/log.ts";
import { ElfObject, SymbolBinding } from "../btf/elf_object.ts";
import { moduleError } from "./extension_error.ts";
import { prepareModule } from "./prepare.ts";

/**
 * Checks the user's extension and prepares it to be linked with the tracer. Nothing is written to disk,
 * and the kernel is not involved.
 *
 * @param object one that defines `int module(void *ctx, struct sk_buff *skb, uint8_t data[64])`
 * @throws IpftError when it is not such an object
 */
export function linkExtension({ elf, source }: ExtensionObject): LinkExtension {
  const prepared = prepareModule(elf, ownNames(readBpfObject("tracer_extension")), source);
  return (tracer) => link(tracer, prepared, source);
}

function link(tracer: Uint8Array, prepared: Uint8Array, source: string): Uint8Array<ArrayBuffer> {
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
