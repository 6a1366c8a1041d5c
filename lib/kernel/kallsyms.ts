import { IpftError } from "../base/errors.ts";
import { NameSet } from "./name_set.ts";
import { VMLINUX } from "./skb_function.ts";

/** A function of the running kernel and its address. */
export interface KernelSymbol {
  readonly name: string;
  /** `vmlinux`, or the name of the module that has the function. */
  readonly module: string;
  readonly address: bigint;
}

const NEWLINE = 0x0a;
const TAB = 0x09;
const CLOSING_BRACKET = 0x5d;
/** Symbol types (nm(1)): global, local and weak text. */
const CODE = "TtWw";
/** Global and local variables. */
export const VARIABLES = "DdBbRr";
/** Columns of a line: an address of 16 hexadecimal digits, the type, the name. */
const ADDRESS_END = 16;
const TYPE_AT = 17;
const NAME_AT = 19;

const decoder = new TextDecoder();

/**
 * Picks the named functions out of `/proc/kallsyms`, in file order; a name that several functions share
 * yields each of them. (`types` may ask for other symbols.) Lines read `ffffffff81a3c0d0 t ip_rcv_core`, followed for a module's function by
 * `\t[nf_tables]` (`s_show` in kernel/kallsyms.c).
 *
 * @throws IpftError when the kernel hides addresses from this process
 */
export function parseKallsyms(
  content: Uint8Array,
  names: Iterable<string>,
  types = CODE,
): KernelSymbol[] {
  const wantedTypes = new Set(Array.from(types, (type) => type.charCodeAt(0)));
  const wanted = new NameSet(names);
  const text = (start: number, end: number) => decoder.decode(content.subarray(start, end));
  const symbols: KernelSymbol[] = [];
  // Looked for once only, also where many lines have none.
  let nextTab = -1;
  for (let start = 0, end: number; start < content.length; start = end + 1) {
    end = content.indexOf(NEWLINE, start);
    if (end < 0) end = content.length;
    if (!wantedTypes.has(content[start + TYPE_AT])) continue;

    const isInModule = content[end - 1] === CLOSING_BRACKET;
    if (nextTab < start) nextTab = content.indexOf(TAB, start);
    if (nextTab < 0) nextTab = content.length;
    const nameEnd = isInModule ? Math.min(nextTab, end) : end;
    const name = wanted.get(content, start + NAME_AT, nameEnd);
    if (name === undefined) continue;

    const address = BigInt(`0x${text(start, start + ADDRESS_END)}`);
    if (address === 0n) throw hiddenAddresses();
    const module = !isInModule ? VMLINUX : text(nameEnd + "\t[".length, end - "]".length);
    symbols.push({ name, module, address });
  }
  return symbols;
}

function hiddenAddresses(): IpftError {
  return new IpftError(
    "/proc/kallsyms shows every address as 0",
    "run ipft as root (CAP_SYSLOG), and with `sysctl kernel.kptr_restrict=1` if it is 2",
  );
}
