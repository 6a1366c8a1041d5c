import { ElfObject } from "../btf/elf_object.ts";
import { withContent } from "../btf/with_content.ts";

/** Byte offsets in `Elf64_Sym`. */
const VALUE = 8, SIZE = 16;

/**
 * Returns a copy of an object in which the last function of `.text` has another body, of any length.
 * Nothing else moves, so all relocations and line numbers stay right.
 *
 * @param name the function; its line numbers must not go beyond its first instruction
 * @param body instructions without relocations, the last of which leaves the function
 */
export function withBody(
  elf: Uint8Array<ArrayBuffer>,
  name: string,
  body: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const object = new ElfObject(elf, name);
  const text = object.section(".text");
  const symbol = object.symbols.find((symbol) => symbol.name === name);
  if (!text || !symbol) throw new Error(`no function ${name} in the object`);
  const view = new DataView(elf.buffer, elf.byteOffset, elf.byteLength);
  const start = Number(view.getBigUint64(symbol.offset + VALUE, true));
  const end = start + Number(view.getBigUint64(symbol.offset + SIZE, true));
  if (object.sections[symbol.section] !== text || end !== text.sizeBytes) {
    throw new Error(`${name} is not at the end of .text`);
  }
  const content = new Uint8Array(start + body.length);
  content.set(object.content(text).subarray(0, start));
  content.set(body, start);
  const changed = withContent(elf, text, content);
  new DataView(changed.buffer).setBigUint64(symbol.offset + SIZE, BigInt(body.length), true);
  return changed;
}
