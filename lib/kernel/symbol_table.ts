import { readKernelFile } from "./kernel_file.ts";
import { lastNotAbove } from "../base/sorted.ts";

const NEWLINE = 0x0a, SPACE = 0x20;

/** No symbol is larger. An address further past the start of a symbol does not belong to it. */
const LARGEST_SYMBOL_BYTES = 2 ** 20;

/**
 * The address that others are counted from, so that a number holds them exactly: the start of the upper
 * half of a 48-bit address space, or of the end of a 57-bit one, where all symbols are.
 */
const FIRST_ADDRESS = 0xffff_0000_0000_0000n;

const decoder = new TextDecoder();

/** Names the addresses of the running kernel, by `/proc/kallsyms`. */
export class SymbolTable {
  readonly #content: Uint8Array;
  /** Addresses of the symbols less `FIRST_ADDRESS`, in ascending order. */
  readonly #addresses: Float64Array;
  /** Offset in the content of the name of the first symbol at each address. */
  readonly #names = new Map<number, number>();

  /** @param kallsyms lines as `s_show` in kernel/kallsyms.c prints them */
  constructor(kallsyms: Uint8Array) {
    this.#content = kallsyms;
    // Looked for once only, also where many lines have none.
    let nextSpace = -1;
    for (let start = 0, end: number; start < kallsyms.length; start = end + 1) {
      end = kallsyms.indexOf(NEWLINE, start);
      if (end < 0) end = kallsyms.length;
      if (nextSpace < start) nextSpace = kallsyms.indexOf(SPACE, start);
      if (nextSpace < 0) nextSpace = kallsyms.length;
      const addressEnd = nextSpace;
      // Offsets into per-CPU memory, which begin at 0, are not addresses.
      if (addressEnd - start !== 16 || kallsyms[start] !== 0x66 /* f */) continue;
      const address = BigInt(`0x${decoder.decode(kallsyms.subarray(start, addressEnd))}`);
      const key = Number(address - FIRST_ADDRESS);
      if (key >= 0 && !this.#names.has(key)) this.#names.set(key, addressEnd + " T ".length);
    }
    this.#addresses = Float64Array.from(this.#names.keys()).sort();
  }

  /** Reads the table of the running kernel. @throws IpftError when `/proc/kallsyms` cannot be read */
  static async read(): Promise<SymbolTable> {
    return new SymbolTable(
      await readKernelFile("/proc/kallsyms", "use a kernel with CONFIG_KALLSYMS"),
    );
  }

  /** True when the kernel hides its addresses from this process. */
  get isEmpty(): boolean {
    return this.#addresses.length === 0;
  }

  /**
   * Names an address as the kernel's own `%pS` does: `ip_rcv`, `ip_rcv+0x1a`, or in a module
   * `nft_do_chain+0x8 [nf_tables]`. Returns undefined for an address that belongs to no symbol.
   */
  name(address: bigint): string | undefined {
    const key = Number(address - FIRST_ADDRESS);
    const index = lastNotAbove(this.#addresses, key);
    const offset = key - this.#addresses[index];
    if (!(offset < LARGEST_SYMBOL_BYTES)) return undefined;
    const [name, module] = this.#text(this.#names.get(this.#addresses[index])!).split("\t");
    const place = offset === 0 ? "" : `+0x${offset.toString(16)}`;
    return `${name}${place}${module === undefined ? "" : ` ${module}`}`;
  }

  #text(start: number): string {
    const end = this.#content.indexOf(NEWLINE, start);
    return decoder.decode(this.#content.subarray(start, end < 0 ? undefined : end));
  }
}
