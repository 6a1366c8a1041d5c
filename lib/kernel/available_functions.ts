import { NameSet } from "./name_set.ts";
import { VMLINUX } from "./skb_function.ts";

/** A function that ftrace can hook, from tracefs' `available_filter_functions`. */
export interface AvailableFunction {
  /** The symbol up to its first dot: the name in the source. */
  readonly stem: string;
  /** What the compiler appended to the name: `.isra.0`; mostly empty. */
  readonly suffix: string;
  /** `vmlinux`, or the name of the module that has the function. */
  readonly module: string;
}

const NEWLINE = 0x0a;
const DOT = 0x2e;
const SPACE = 0x20;
const TAB = 0x09;
const CLOSING_BRACKET = 0x5d;

const decoder = new TextDecoder();

/**
 * Picks functions out of the content of `available_filter_functions`, in its order and as often as it
 * lists them. Lines read `ip_rcv`, or `nft_do_chain [nf_tables]` for a module's function (`print_rec` in
 * kernel/trace/ftrace.c).
 *
 * @param names the stems to pick: `ip_rcv_core` also finds `ip_rcv_core.isra.0`
 */
export function parseAvailableFunctions(
  content: Uint8Array,
  names: Iterable<string>,
): AvailableFunction[] {
  const wanted = new NameSet(names);
  const text = (start: number, end: number) => decoder.decode(content.subarray(start, end));
  const functions: AvailableFunction[] = [];
  // Few symbols have a suffix, so the next dot is mostly many lines ahead.
  let nextDot = -1;
  for (let start = 0, end: number; start < content.length; start = end + 1) {
    end = content.indexOf(NEWLINE, start);
    if (end < 0) end = content.length;

    let nameEnd = end;
    if (content[end - 1] === CLOSING_BRACKET) {
      while (nameEnd > start && !isBlank(content[nameEnd])) nameEnd--;
    }
    if (nextDot < start) nextDot = content.indexOf(DOT, start);
    if (nextDot < 0) nextDot = content.length;
    const stemEnd = Math.min(nextDot, nameEnd);
    const stem = wanted.get(content, start, stemEnd);
    if (stem === undefined) continue;

    functions.push({
      stem,
      suffix: stemEnd === nameEnd ? "" : text(stemEnd, nameEnd),
      module: nameEnd === end ? VMLINUX : text(nameEnd + " [".length, end - "]".length),
    });
  }
  return functions;
}

/**
 * Returns the places that ftrace can hook, from the content of `available_filter_functions_addrs` (Linux
 * 6.5): its lines are those of the other file, with an address before each. It is that of the hook, in
 * the first bytes of the function.
 */
export function parseAvailableAddresses(content: Uint8Array): Set<bigint> {
  const lines = decoder.decode(content).split("\n");
  return new Set(lines.filter(Boolean).map((line) => BigInt(`0x${line.split(" ", 1)[0]}`)));
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}
