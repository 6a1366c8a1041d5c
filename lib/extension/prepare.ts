/** What has to be changed in a module's object before it can be linked with the tracer. */
import {
  type ElfObject,
  type ElfSection,
  type ElfSymbol,
  SectionType,
  SymbolBinding,
  SymbolType,
} from "../btf/elf_object.ts";
import { withContent } from "../btf/with_content.ts";
import { moduleError } from "./extension_error.ts";
import { openModule } from "./open_object.ts";
import { checkSignature, PARAMETER_COUNT, SIGNATURE } from "./signature.ts";
import { withVoidParameters } from "./void_parameters.ts";

/**
 * Checks a module's object and returns a copy of it that libbpf links and the kernel loads together
 * with the tracer.
 *
 * @param reserved the tracer's own global names
 * @param source where the object came from, for messages
 * @throws IpftError when it is not an object with a function `module` as the tracer calls it
 */
export function prepareModule(
  bytes: Uint8Array,
  reserved: ReadonlySet<string>,
  source: string,
): Uint8Array {
  const { elf, btfSection, btf } = openModule(bytes, source);
  const globals = elf.symbols
    .filter(({ section, binding }) => section !== 0 && binding !== SymbolBinding.local);
  checkFunction(elf, source);
  const clash = globals.find(({ name }) => reserved.has(name));
  if (clash) {
    throw moduleError(source, `the tracer has an ${clash.name} too`, "give it another name");
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
    throw moduleError(source, "it has no function module", `define: ${SIGNATURE}`);
  }
  if (symbol.type !== SymbolType.function) {
    throw moduleError(source, "its module is not a function", `define: ${SIGNATURE}`);
  }
  if (symbol.binding === SymbolBinding.local) {
    throw moduleError(source, "its module() is static", "leave the static away");
  }
  if (section.name !== ".text") {
    throw moduleError(source, `its module() is in section ${section.name}`, "leave the SEC() away");
  }
}

/**
 * Hides the global functions, so that libbpf makes them static. The verifier checks a global function
 * by itself, without what its callers know, and refuses pointers among its parameters; a static one it
 * checks together with its callers. Programs, which are in sections of their own, stay as they are.
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

/** Those that give a program the helpers that are for the GPL only (include/linux/license.h). */
const GPL_COMPATIBLE: ReadonlySet<string> = new Set([
  "GPL",
  "GPL v2",
  "GPL and additional rights",
  "Dual BSD/GPL",
  "Dual MIT/GPL",
  "Dual MPL/GPL",
]);

/**
 * Leaves the license section out of what is linked: an object has one license, and the linker takes
 * another one beside the tracer's only if it is the same.
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
    throw moduleError(
      source,
      `its license is ${JSON.stringify(license)}, and the tracer's helpers are for the GPL only`,
      `known are ${known}`,
    );
  }
  const TYPE = 4; // in Elf64_Shdr; a table of strings is what the linker skips
  new DataView(bytes.buffer).setUint32(header + TYPE, SectionType.strtab, true);
}
