import { errnoText } from "../base/errors.ts";
import type { ExtensionObject } from "../bpf/extension_object.ts";
import { readBpfObject } from "../bpf/object_file.ts";
import { ElfObject, SymbolBinding } from "../btf/elf_object.ts";
import { linkObjects } from "../ffi/linker.ts";
import { LibbpfLog } from "../ffi/log.ts";
import { extensionError } from "./extension_error.ts";
import { prepareExtension } from "./prepare.ts";

/**
 * Links an extension with ipft's own programs. Writes nothing to disk, and needs no kernel.
 *
 * @param object one that defines `int module(void *ctx, struct sk_buff *skb, uint8_t data[64])`
 * @returns the linked object, which is loaded in place of ipft's own
 * @throws IpftError when it is not such an object, or libbpf cannot link it
 */
export function linkExtension(object: ExtensionObject): Uint8Array<ArrayBuffer> {
  const own = readBpfObject("tracer_module");
  const prepared = prepareExtension(object, globalNames(own));
  using log = new LibbpfLog();
  // ipft's own object first: its .bss keeps its place in the linked object.
  const linked = linkObjects([own, prepared]);
  if (typeof linked !== "number") return linked;
  const reason = log.lines.at(-1)?.replace(/^libbpf: /, "")
    .replaceAll(/'?\/proc\/self\/fd\/\d+'?/g, "it") ?? errnoText(linked);
  throw extensionError(object.source, `libbpf cannot link it: ${reason}`);
}

function globalNames(object: Uint8Array): ReadonlySet<string> {
  return new Set(
    new ElfObject(object, "ipft's own object").symbols
      .filter(({ section, binding }) => section !== 0 && binding !== SymbolBinding.local)
      .map(({ name }) => name),
  );
}
