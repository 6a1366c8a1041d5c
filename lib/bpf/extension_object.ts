/** An extension, compiled for BPF. */
export interface ExtensionObject {
  /** A relocatable ELF object. */
  readonly elf: Uint8Array<ArrayBuffer>;
  /** What messages call it: `the extension len.o`, `the extension from emit of foo.lua`. */
  readonly source: string;
}

/**
 * Links the tracer's object with an extension's.
 * @param tracer a build of `tracer_extension`
 * @throws IpftError when libbpf cannot link them
 */
export type LinkExtension = (tracer: Uint8Array) => Uint8Array<ArrayBuffer>;
