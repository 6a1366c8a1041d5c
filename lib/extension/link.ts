import { errnoText } from "../base/errors.ts";
import type { ExtensionObject, LinkExtension } from "../bpf/extension_object.ts";
import { readBpfObject } from "../bpf/object_file.ts";
import { ElfObject, SymbolBinding } from "../btf/elf_object.ts";
import { linkObjects } from "../ffi/linker.ts";
import { LibbpfLog } from "../ffi/log.ts";
import { extensionError } from "./extension_error.ts";
import { prepareExtension } from "./prepare.ts";

/**
 * Prepares an extension to be linked with ipft's own programs, once these are ready for a trace.
 *
 * @param object one that defines `int module(void *ctx, struct sk_buff *skb, uint8_t data[64])`
 * @throws IpftError when it is not such an object
 */
export function extensionLinker(object: ExtensionObject): LinkExtension {
  const prepared = prepareExtension(object, globalNames(readBpfObject("tracer_extension")));
  return (own) => link(own, prepared, object.source);
}

/**
 * Links an extension with ipft's own programs as they were built. Writes nothing to disk, and needs no
 * kernel.
 * @throws IpftError when it is no extension, or libbpf cannot link it
 */
export function linkExtension(object: ExtensionObject): Uint8Array<ArrayBuffer> {
  return extensionLinker(object)(readBpfObject("tracer_extension"));
}

function link(own: Uint8Array, prepared: Uint8Array, source: string): Uint8Array<ArrayBuffer> {
  using log = new LibbpfLog();
  // ipft's own object first: its .bss keeps its place in the linked object.
  const linked = linkObjects([own, prepared]);
  if (typeof linked !== "number") return linked;
  const reason = log.lines.at(-1)?.replace(/^libbpf: /, "")
    .replaceAll(/'?\/proc\/self\/fd\/\d+'?/g, "it") ?? errnoText(linked);
  throw extensionError(source, `libbpf cannot link it: ${reason}`);
}

function globalNames(object: Uint8Array): ReadonlySet<string> {
  return new Set(
    new ElfObject(object, "ipft's own object").symbols
      .filter(({ section, binding }) => section !== 0 && binding !== SymbolBinding.local)
      .map(({ name }) => name),
  );
}
