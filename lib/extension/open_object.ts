import type { ExtensionObject } from "../bpf/extension_object.ts";
import { Btf } from "../btf/btf.ts";
import {
  damagedObject,
  ElfObject,
  type ElfSection,
  HEADER,
  SectionType,
} from "../btf/elf_object.ts";
import { COMPILE, extensionError } from "./extension_error.ts";

/** The parts of an extension's object. */
export interface OpenObject {
  readonly elf: ElfObject;
  readonly btfSection: ElfSection;
  readonly btf: Btf;
}

/** Names of other machines that an object may be compiled for, by ELF machine number (elf.h). */
const MACHINES: Readonly<Record<number, string>> = { 3: "x86", 62: "x86-64", 183: "AArch64" };
const EM_BPF = 247;

const COMPILE_IT = `compile it with: ${COMPILE}`;

/**
 * Opens an extension's object.
 * @throws IpftError when it is not a relocatable 64-bit little-endian BPF object with BTF, or damaged
 */
export function openObject({ elf: bytes, source }: ExtensionObject): OpenObject {
  checkHeader(bytes, source);
  const elf = new ElfObject(bytes, source);
  const btfSection = elf.section(".BTF");
  if (!btfSection || btfSection.type === SectionType.nobits) {
    throw extensionError(source, "it has no BTF", COMPILE_IT);
  }
  return { elf, btfSection, btf: Btf.parse(elf.content(btfSection), { source }) };
}

function checkHeader(bytes: Uint8Array, source: string): void {
  const wrong = (why: string) => extensionError(source, why, COMPILE_IT);
  const MAGIC = 0x7f454c46, CLASS_64 = 2, LITTLE_ENDIAN = 1, ET_REL = 1;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 || view.getUint32(0) !== MAGIC) {
    throw wrong(bytes.length === 0 ? "it is empty" : "it is not an ELF object");
  }
  if (bytes.length < HEADER.sizeBytes) {
    throw damagedObject(source, `it has only ${bytes.length} bytes`);
  }
  const isLittle = bytes[HEADER.byteOrder] === LITTLE_ENDIAN;
  const machine = view.getUint16(HEADER.machine, isLittle);
  if (machine !== EM_BPF) {
    const name = MACHINES[machine] ?? `ELF machine ${machine}`;
    throw wrong(`it is compiled for ${name}, not for BPF`);
  }
  if (!isLittle) throw wrong("it is compiled for big-endian BPF");
  if (bytes[HEADER.class] !== CLASS_64) throw damagedObject(source, "it is not a 64-bit one");
  const type = view.getUint16(HEADER.type, true);
  if (type !== ET_REL) throw wrong(`it is not relocatable (ELF type ${type})`);
}
