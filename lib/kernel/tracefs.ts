import { NameSet } from "./name_set.ts";
import { VMLINUX } from "./skb_function.ts";

/** A function that the kernel's ftrace can hook, as `available_filter_functions` lists it. */
export interface FilterFunction {
  /** The symbol as far as its first dot: the name in the source. */
  readonly stem: string;
  /** The rest of the symbol, which the compiler appended: `.isra.0`; mostly empty. */
  readonly suffix: string;
  /** `vmlinux`, or the name of the module that it is in. */
  readonly module: string;
}

const NEWLINE = 0x0a;
const DOT = 0x2e;
const SPACE = 0x20;
const TAB = 0x09;
const CLOSING_BRACKET = 0x5d;

const decoder = new TextDecoder();

/**
 * The directory of tracefs, from the content of `/proc/self/mounts` (fstab(5)): where it is mounted
 * itself, or else the place that debugfs gives it.
 */
export function findTracefs(mounts: string): string | undefined {
  const directory = (type: string) => {
    const mount = mounts.match(new RegExp(`^\\S+ (\\S+) ${type} `, "m"));
    return mount ? unescapeMountPoint(mount[1]) : undefined;
  };
  const debugfs = directory("debugfs");
  return directory("tracefs") ?? (debugfs && `${debugfs}/tracing`);
}

/** A mount point as it is: blanks and backslashes are written as three octal digits (fstab(5)). */
export function unescapeMountPoint(text: string): string {
  return text.replaceAll(
    /\\([0-7]{3})/g,
    (_, digits: string) => String.fromCharCode(parseInt(digits, 8)),
  );
}

/**
 * Picks functions out of the content of `available_filter_functions`, in its order and as often as it
 * lists them. Lines are `ip_rcv`, a module's `nft_do_chain [nf_tables]` (`print_rec` in
 * kernel/trace/ftrace.c).
 *
 * @param names which to pick, by their stems: `ip_rcv_core` finds `ip_rcv_core.isra.0` as well
 */
export function parseFilterFunctions(
  content: Uint8Array,
  names: Iterable<string>,
): FilterFunction[] {
  const wanted = new NameSet(names);
  const text = (start: number, end: number) => decoder.decode(content.subarray(start, end));
  const functions: FilterFunction[] = [];
  // Few symbols have a suffix, so that the next one is far ahead of most lines.
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

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}
