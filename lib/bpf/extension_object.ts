/** A module as its object file holds it. */
export interface ModuleImage {
  readonly elf: Uint8Array<ArrayBuffer>;
  /** Where it came from, for messages: `emit of foo.lua`. */
  readonly source: string;
}
