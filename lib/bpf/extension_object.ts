/** A user's extension, compiled: it collects data from each skb. */
export interface ExtensionObject {
  readonly elf: Uint8Array<ArrayBuffer>;
  /** Where it came from, for messages: `emit of foo.lua`. */
  readonly source: string;
}

/**
 * Links the tracer's object with an extension's.
 * @param tracer a build of `tracer_extension`
 * @throws IpftError when libbpf cannot link them
 */
export type LinkExtension = (tracer: Uint8Array) => Uint8Array<ArrayBuffer>;
