import { IpftError } from "../base/errors.ts";

/** A section of an object: elf(5), `Elf64_Shdr`. */
export interface ElfSection {
  readonly name: string;
  /** `SHT_*`. */
  readonly type: number;
  /** `SHF_*`. */
  readonly flags: number;
  /** Byte offset of its header in the object. */
  readonly header: number;
  /** Byte offset of its content in the object; a section of zeros (`SHT_NOBITS`) has no content. */
  readonly offset: number;
  readonly sizeBytes: number;
  /** `sh_link` and `sh_info`: for most types, the numbers of other sections. */
  readonly link: number;
  readonly info: number;
}

/** A symbol of an object: elf(5), `Elf64_Sym`. */
export interface ElfSymbol {
  readonly name: string;
  /** `STT_*`. */
  readonly type: number;
  /** `STB_*`. */
  readonly binding: number;
  /** Number of the section that defines it; 0 when the object only declares it. */
  readonly section: number;
  /** Byte offset of the symbol in the object. */
  readonly offset: number;
}

export const SectionType = { symtab: 2, strtab: 3, nobits: 8, rel: 9 } as const;
export const SymbolType = { function: 2, file: 4 } as const;
export const SymbolBinding = { local: 0 } as const;

/** Byte offsets of the fields of the ELF header (`Elf64_Ehdr`), and its size. */
export const HEADER = {
  class: 4,
  byteOrder: 5,
  type: 0x10,
  machine: 0x12,
  sections: 0x28,
  sectionHeaderBytes: 0x3a,
  sectionCount: 0x3c,
  sectionNames: 0x3e,
  sizeBytes: 0x40,
} as const;
const SECTION_HEADER_BYTES = 64, SYMBOL_BYTES = 24, RELOCATION_BYTES = 16;

/** Guards the linker, which fills the gap before a section with zeros however wide it is. */
const MAX_ALIGNMENT = 1 << 16;

/** No name is longer. Without a limit, many symbols could share one string of megabytes. */
const MAX_NAME_BYTES = 4096;

const decoder = new TextDecoder();

/**
 * The sections and symbols of a relocatable 64-bit little-endian ELF object.
 *
 * The bytes are not trusted. All that this code and libbpf's linker rely on is checked: sections and names
 * lie within the object, relocations of code within the code.
 */
export class ElfObject {
  readonly sections: readonly ElfSection[];
  readonly symbols: readonly ElfSymbol[];
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #source: string;

  /**
   * @param bytes the object, which begins with an ELF header of that kind
   * @param source where the bytes came from, for messages
   * @throws IpftError when the object is damaged
   */
  constructor(bytes: Uint8Array, source: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#source = source;
    this.sections = this.#readSections();
    this.symbols = this.#readSymbols();
    for (const section of this.sections) {
      if (section.type === SectionType.rel) this.#checkRelocations(section);
    }
  }

  /** Returns the first section of that name; undefined when there is none. */
  section(name: string): ElfSection | undefined {
    return this.sections.find((section) => section.name === name);
  }

  /** Returns the bytes of a section without copying them. */
  content({ type, offset, sizeBytes }: ElfSection): Uint8Array {
    return type === SectionType.nobits
      ? new Uint8Array()
      : this.#bytes.subarray(offset, offset + sizeBytes);
  }

  #readSections(): ElfSection[] {
    const view = this.#view;
    const headers = this.#u64(HEADER.sections);
    const count = view.getUint16(HEADER.sectionCount, true);
    const namesIndex = view.getUint16(HEADER.sectionNames, true);
    const headerBytes = view.getUint16(HEADER.sectionHeaderBytes, true);
    const end = headers + count * SECTION_HEADER_BYTES;
    if (headerBytes !== SECTION_HEADER_BYTES || count === 0 || end > view.byteLength) {
      throw this.#damaged(`its ${count} section headers at byte ${headers} are not within it`);
    }
    const raw = Array.from({ length: count }, (_, index) => {
      const header = headers + index * SECTION_HEADER_BYTES;
      const section = {
        nameOffset: view.getUint32(header, true),
        header,
        type: view.getUint32(header + 4, true),
        flags: view.getUint32(header + 8, true), // BPF has no use for those above 32 bits
        offset: this.#u64(header + 0x18),
        sizeBytes: this.#u64(header + 0x20),
        link: view.getUint32(header + 0x28, true),
        info: view.getUint32(header + 0x2c, true),
      };
      const alignment = this.#u64(header + 0x30);
      if (alignment > MAX_ALIGNMENT) {
        throw this.#damaged(`section ${index} is aligned to ${alignment} bytes`);
      }
      const { type, offset, sizeBytes } = section;
      if (type !== SectionType.nobits && offset + sizeBytes > view.byteLength) {
        throw this.#damaged(`section ${index} reaches to byte ${offset + sizeBytes}`);
      }
      return section;
    });
    if (raw[namesIndex]?.type !== SectionType.strtab) {
      throw this.#damaged("its sections have no names");
    }
    return raw.map(({ nameOffset, ...section }) => ({
      name: this.#string(raw[namesIndex], nameOffset),
      ...section,
    }));
  }

  #readSymbols(): ElfSymbol[] {
    const table = this.sections.find(({ type }) => type === SectionType.symtab);
    if (!table) return [];
    const names = this.sections[table.link];
    if (names?.type !== SectionType.strtab) throw this.#damaged("its symbols have no names");
    return Array.from({ length: Math.floor(table.sizeBytes / SYMBOL_BYTES) }, (_, index) => {
      const offset = table.offset + index * SYMBOL_BYTES;
      const info = this.#view.getUint8(offset + 4);
      const section = this.#view.getUint16(offset + 6, true);
      // The name of the source file belongs to no section.
      const SHN_ABS = 0xfff1, isAbsolute = section === SHN_ABS && (info & 0xf) === SymbolType.file;
      if (section >= this.sections.length && !isAbsolute) {
        throw this.#damaged(`symbol ${index} is in section ${section}`);
      }
      return {
        name: this.#string(names, this.#view.getUint32(offset, true)),
        type: info & 0xf,
        binding: info >>> 4,
        section,
        offset,
      };
    });
  }

  #checkRelocations({ name, offset, sizeBytes, info }: ElfSection): void {
    const target = this.sections[info];
    if (!target) throw this.#damaged(`${name} relocates section ${info}`);
    const SHF_EXECINSTR = 4, INSTRUCTION_BYTES = 8;
    if ((target.flags & SHF_EXECINSTR) === 0) return;
    for (let at = offset; at + RELOCATION_BYTES <= offset + sizeBytes; at += RELOCATION_BYTES) {
      const place = this.#u64(at);
      if (place + INSTRUCTION_BYTES > target.sizeBytes) {
        throw this.#damaged(`${name} relocates byte ${place} of ${target.name}`);
      }
    }
  }

  #string({ offset, sizeBytes }: { offset: number; sizeBytes: number }, at: number): string {
    const strings = this.#bytes.subarray(offset, offset + sizeBytes);
    const bytes = strings.subarray(at, at + MAX_NAME_BYTES + 1);
    const length = bytes.indexOf(0);
    if (length < 0) {
      const isLong = bytes.length > MAX_NAME_BYTES;
      const why = isLong ? `is longer than ${MAX_NAME_BYTES} bytes` : "does not end";
      throw this.#damaged(`the name at byte ${offset + at} ${why}`);
    }
    return decoder.decode(bytes.subarray(0, length));
  }

  #u64(offset: number): number {
    return Number(this.#view.getBigUint64(offset, true));
  }

  #damaged(why: string): IpftError {
    return damagedObject(this.#source, why);
  }
}

/**
 * Makes the error for an object whose parts are not where it says.
 * @param source what messages call the object
 */
export function damagedObject(source: string, why: string): IpftError {
  return new IpftError(
    `cannot use ${source}: it is a damaged ELF object: ${why}`,
    "compile it again",
  );
}
