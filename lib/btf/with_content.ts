import type { ElfSection } from "./elf_object.ts";

/** Byte offsets in `Elf64_Shdr`. */
const OFFSET = 0x18, SIZE = 0x20;

const ALIGNMENT = 8;

/** Copies an object and gives one of its sections other content: at the end, where nothing has to move. */
export function withContent(
  bytes: Uint8Array,
  { header }: ElfSection,
  content: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const offset = Math.ceil(bytes.length / ALIGNMENT) * ALIGNMENT;
  const changed = new Uint8Array(offset + content.length);
  changed.set(bytes);
  changed.set(content, offset);
  const view = new DataView(changed.buffer);
  view.setBigUint64(header + OFFSET, BigInt(offset), true);
  view.setBigUint64(header + SIZE, BigInt(content.length), true);
  return changed;
}
