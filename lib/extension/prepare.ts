/** Changes an extension's object so that it can be linked with ipft's own. */
import type { ExtensionObject } from "../bpf/extension_object.ts";
import {
  type ElfObject,
  type ElfSection,
  type ElfSymbol,
  SectionType,
  SymbolBinding,
  SymbolType,
} from "../btf/elf_object.ts";
import { extensionError } from "./extension_error.ts";
import { openObject } from "./open_object.ts";
import { checkSignature, PARAMETER_COUNT, SIGNATURE } from "./signature.ts";
import { withVoidParameters } from "./void_parameters.ts";

/**
 * Checks an extension's object and returns a copy of it that libbpf links, and the kernel loads, together
 * with ipft's own programs.
 *
 * @param reserved the global names of ipft's own object
 * @throws IpftError when it is not an object with a function `module` as ipft calls it
 */
export function prepareExtension(
  object: ExtensionObject,
  reserved: ReadonlySet<string>,
): Uint8Array {
  const { elf: bytes, source } = object;
  const { elf, btfSection, btf } = openObject(object);
  const globals = elf.symbols
    .filter(({ section, binding }) => section !== 0 && binding !== SymbolBinding.local);
  checkFunction(elf, source);
  const clash = globals.find(({ name }) => reserved.has(name));
  if (clash) {
    throw extensionError(source, `${clash.name} is a name of ipft's own`, "choose another name");
  }
  const prototype = checkSignature(btf, source);
  const prepared = withContent(
    bytes,
    btfSection,
    withVoidParameters(elf.content(btfSection), prototype, PARAMETER_COUNT, source),
  );
  hideFunctions(prepared, elf, globals);
  const license = elf.section("license");
  if (license) dropLicense(prepared, license, elf.content(license), source);
  return prepared;
}

function checkFunction(elf: ElfObject, source: string): void {
  const symbol = elf.symbols.find(({ name, section }) => name === "module" && section !== 0);
  const section = symbol && elf.sections[symbol.section];
  if (!symbol || !section) {
    throw extensionError(source, "it has no function module", `define: ${SIGNATURE}`);
  }
  if (symbol.type !== SymbolType.function) {
    throw extensionError(source, "its module is not a function", `define: ${SIGNATURE}`);
  }
  if (symbol.binding === SymbolBinding.local) {
    throw extensionError(source, "its module() is static", "remove `static`");
  }
  if (section.name !== ".text") {
    throw extensionError(source, `its module() is in section ${section.name}`, "remove its SEC()");
  }
}

/** Returns a copy of an object in which a section has other content, which is appended to the object. */
function withContent(
  bytes: Uint8Array,
  { header }: ElfSection,
  content: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const ALIGNMENT = 8, OFFSET = 0x18, SIZE = 0x20; // in Elf64_Shdr
  const offset = Math.ceil(bytes.length / ALIGNMENT) * ALIGNMENT;
  const changed = new Uint8Array(offset + content.length);
  changed.set(bytes);
  changed.set(content, offset);
  const view = new DataView(changed.buffer);
  view.setBigUint64(header + OFFSET, BigInt(offset), true);
  view.setBigUint64(header + SIZE, BigInt(content.length), true);
  return changed;
}

/**
 * Hides the global functions, so that libbpf makes them static. The verifier checks a global function on
 * its own, without what is known at its calls, and refuses pointers among its parameters. It checks a
 * static one together with its callers. Programs have sections of their own and are not changed.
 */
function hideFunctions(
  bytes: Uint8Array<ArrayBuffer>,
  elf: ElfObject,
  globals: readonly ElfSymbol[],
): void {
  const OTHER = 5, STV_HIDDEN = 2; // in Elf64_Sym
  for (const { type, section, offset } of globals) {
    if (type === SymbolType.function && elf.sections[section]?.name === ".text") {
      bytes[offset + OTHER] = STV_HIDDEN;
    }
  }
}

/** Licenses with which a program may call GPL-only helpers (include/linux/license.h). */
const GPL_COMPATIBLE: ReadonlySet<string> = new Set([
  "GPL",
  "GPL v2",
  "GPL and additional rights",
  "Dual BSD/GPL",
  "Dual MIT/GPL",
  "Dual MPL/GPL",
]);

/**
 * Hides the license section from the linker. An object has one license, and the linker refuses a second
 * one that differs from ipft's.
 */
function dropLicense(
  bytes: Uint8Array<ArrayBuffer>,
  { header }: ElfSection,
  content: Uint8Array,
  source: string,
): void {
  const [license] = new TextDecoder().decode(content).split("\0");
  if (!GPL_COMPATIBLE.has(license)) {
    const known = [...GPL_COMPATIBLE].map((name) => `"${name}"`).join(", ");
    throw extensionError(
      source,
      `its license is ${JSON.stringify(license)}, but ipft calls helpers that are GPL-only`,
      `use one of ${known}`,
    );
  }
  const TYPE = 4; // in Elf64_Shdr; the linker skips string tables
  new DataView(bytes.buffer).setUint32(header + TYPE, SectionType.strtab, true);
}
