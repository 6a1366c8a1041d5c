/** An extension, compiled for BPF. */
export interface ExtensionObject {
  /** A relocatable ELF object. */
  readonly elf: Uint8Array<ArrayBuffer>;
  /** What messages call it: `the extension len.o`, `the extension from emit of foo.lua`. */
  readonly source: string;
}
