/** The content of a section of a 64-bit little-endian ELF file (elf(5)). */
export function elfSection(elf: Uint8Array<ArrayBuffer>, name: string): Uint8Array<ArrayBuffer> {
  const view = new DataView(elf.buffer);
  const headers = Number(view.getBigUint64(0x28, true));
  const headerBytes = view.getUint16(0x3a, true), count = view.getUint16(0x3c, true);
  const content = (index: number) => {
    const at = headers + index * headerBytes;
    const offset = Number(view.getBigUint64(at + 0x18, true));
    return elf.subarray(offset, offset + Number(view.getBigUint64(at + 0x20, true)));
  };
  const names = new TextDecoder().decode(content(view.getUint16(0x3e, true)));
  for (let index = 0; index < count; index++) {
    const start = view.getUint32(headers + index * headerBytes, true);
    if (names.slice(start, names.indexOf("\0", start)) === name) return content(index);
  }
  throw new Error(`no section ${name}`);
}
