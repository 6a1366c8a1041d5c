import { readKernelFile } from "./kernel_file.ts";
import { lastNotAbove } from "../base/sorted.ts";

const NEWLINE = 0x0a, SPACE = 0x20;

/** No symbol is larger: an address further away is none of the symbol before it. */
const LARGEST_SYMBOL_BYTES = 2 ** 20;

/**
 * Where kernel addresses begin that are exact as a number when they count from there: the upper half of
 * a 48-bit address space, and the end of a 57-bit one, where its symbols are.
 */
const FIRST_ADDRESS = 0xffff_0000_0000_0000n;

const decoder = new TextDecoder();

/** The names of the running kernel's addresses, from `/proc/kallsyms`. */
export class SymbolTable {
  readonly #content: Uint8Array;
  /** Sorted, from `FIRST_ADDRESS`. */
  readonly #addresses: Float64Array;
  /** By address, where the name of its first symbol begins in the content. */
  readonly #names = new Map<number, number>();

  /** @param kallsyms lines as `s_show` in kernel/kallsyms.c prints them */
  constructor(kallsyms: Uint8Array) {
    this.#content = kallsyms;
    for (let start = 0, end: number; start < kallsyms.length; start = end + 1) {
      end = kallsyms.indexOf(NEWLINE, start);
      if (end < 0) end = kallsyms.length;
      const addressEnd = kallsyms.indexOf(SPACE, start);
      // Besides the sixteen digits of a kernel address: places in the memory of each CPU, from 0 on.
      if (addressEnd - start !== 16 || kallsyms[start] !== 0x66 /* f */) continue;
      const address = BigInt(`0x${decoder.decode(kallsyms.subarray(start, addressEnd))}`);
      const key = Number(address - FIRST_ADDRESS);
      if (key >= 0 && !this.#names.has(key)) this.#names.set(key, addressEnd + " T ".length);
    }
    this.#addresses = Float64Array.from(this.#names.keys()).sort();
  }

  /** @throws IpftError when the kernel has no such file, or keeps it from this process */
  static async read(): Promise<SymbolTable> {
    return new SymbolTable(
      await readKernelFile("/proc/kallsyms", "use a kernel with CONFIG_KALLSYMS"),
    );
  }

  /** Whether the kernel shows this process no addresses. */
  get isEmpty(): boolean {
    return this.#addresses.length === 0;
  }

  /**
   * `ip_rcv`, `ip_rcv+0x1a`, or in a module `nft_do_chain+0x8 [nf_tables]`, as the kernel itself prints
   * addresses (%pS); undefined for an address that belongs to no symbol.
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
