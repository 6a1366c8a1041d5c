/** An extension, compiled for BPF. */
export interface ExtensionObject {
  /** A relocatable ELF object. */
  readonly elf: Uint8Array<ArrayBuffer>;
  /** What messages call it: `the extension len.o`, `the extension from emit of foo.lua`. */
  readonly source: string;
}

/**
 * Links ipft's own programs with an extension.
 * @param own the object `tracer_extension`, ready for a trace
 * @throws IpftError when libbpf cannot link them
 */
export type LinkExtension = (own: Uint8Array) => Uint8Array<ArrayBuffer>;
