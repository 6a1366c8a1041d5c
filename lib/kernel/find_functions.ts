import { parseAvailableAddresses, parseAvailableFunctions } from "./available_functions.ts";
import { type KernelSymbol, parseKallsyms } from "./kallsyms.ts";
import { type SkbFunction, VMLINUX } from "./skb_function.ts";
import type { SkbPrototypes } from "./skb_prototypes.ts";

/** Matches the suffixes that gcc gives a variant of a function, or a part of one. */
const VARIANT_SUFFIX = /^(\.(constprop|isra|part)\.\d+)+$/;

/** Matches those of variants that are whole functions, with fewer arguments at most. */
const WHOLE_SUFFIX = /^(\.(constprop|isra)\.\d+)+$/;

/** What the kernel says of its functions: contents of files, see proc(5) and the kernel's ftrace.rst. */
export interface SymbolFiles {
  /** Of `available_filter_functions` in tracefs. */
  readonly available: Uint8Array;
  /** Of `/proc/kallsyms`. */
  readonly kallsyms: Uint8Array;
  /** Of `available_filter_functions_addrs`; without it, all functions that share a name are candidates. */
  readonly addresses?: Uint8Array;
}

/** Functions that take a `struct sk_buff *`. */
export interface FoundFunctions {
  /** Those that can be traced, sorted by module (vmlinux first) and name. */
  readonly functions: SkbFunction[];
  /** Variants of functions that are left out because the compiler may have moved their arguments. */
  readonly leftOut: SkbFunction[];
  /**
   * Whether BTF describes functions of which there are variants only. Then it leaves out those whose
   * arguments are elsewhere in any variant (pahole since 1.25, `optimized_func` and `consistent_func`).
   */
  readonly describesVariants: boolean;
  /** True when `addresses` would tell which of the functions that share a name can be traced. */
  readonly isAmbiguous: boolean;
}

/** Returns the functions with a `struct sk_buff *` argument that the BTF of `module` describes. */
export function describedSkbFunctions(
  module: string,
  { btf, base, positions }: SkbPrototypes,
): SkbFunction[] {
  return btf.findFunctions(positions, base?.positions).map((btfId) => {
    const prototype = btf.type(btfId);
    const skbPosition = (positions.get(prototype) ?? base?.positions.get(prototype))!;
    return { name: btf.name(btfId), module, skbPosition, btfId };
  });
}

/**
 * Finds the described functions that can be traced.
 *
 * Static functions of one module may share a name: each is listed with its address. Where fewer of them
 * can be traced than there are, `addresses` tells which; without it all are listed, and the kernel refuses
 * the others.
 *
 * A variant `x.constprop.0` or `x.isra.0` lacks arguments of `x`. It is listed where BTF says that the
 * others are where they would be without it. `x.part.0` is a piece of `x`, of which BTF says nothing.
 *
 * @param described the functions of all modules; the first of those that share a module and a name counts
 * @param describesVariants what is known of the BTF of other modules of this kernel
 * @throws IpftError when the kernel hides its addresses
 */
export function findSkbFunctions(
  described: readonly SkbFunction[],
  { available, kallsyms, addresses }: SymbolFiles,
  describesVariants = false,
): FoundFunctions {
  const byKey = new Map(described.toReversed().map((fn) => [keyOf(fn), fn]));
  const stems = described.map(({ name }) => name);
  // Each is here as often as the kernel lists it.
  const plain: SkbFunction[] = [], variants: (SkbFunction & { suffix: string })[] = [];
  for (const { stem, suffix, module } of parseAvailableFunctions(available, stems)) {
    const fn = byKey.get(keyOf({ module, name: stem }));
    if (!fn) continue;
    if (suffix === "") plain.push(fn);
    else if (VARIANT_SUFFIX.test(suffix)) variants.push({ ...fn, name: stem + suffix, suffix });
  }
  const names = [...stems, ...variants.map(({ name }) => name)];
  const symbols = Map.groupBy(parseKallsyms(kallsyms, names), keyOf);
  const isAlone = ({ module, name }: SkbFunction) =>
    !symbols.has(keyOf({ module, name: name.slice(0, name.indexOf(".")) }));
  const trustsVariants = describesVariants || variants.some(isAlone);
  const isKept = ({ suffix }: { suffix: string }) => trustsVariants && WHOLE_SUFFIX.test(suffix);

  const kept = variants.filter(isKept).map(({ suffix: _, ...fn }) => fn);
  const listed = Map.groupBy([...plain, ...kept], keyOf);
  const ambiguous = new Set(
    Array.from(listed, ([key, { length }]) => (symbols.get(key)?.length ?? 0) > length ? key : "")
      .filter(Boolean),
  );
  const traceable = addresses && parseAvailableAddresses(addresses);
  const functions = Array.from(listed).toSorted(byFirst).flatMap(([key, [fn]]) => {
    let found = symbols.get(key) ?? [];
    if (traceable && ambiguous.has(key)) found = found.filter((symbol) => isIn(traceable, symbol));
    return withAddresses(fn, found);
  });
  return {
    functions,
    leftOut: variants.filter((fn) => !isKept(fn)).map(({ suffix: _, ...fn }) => fn),
    describesVariants: trustsVariants,
    isAmbiguous: ambiguous.size > 0,
  };
}

/**
 * Returns the part of a file that has all lines of one module, which come after those of the kernel: to
 * search the rest would take most of the time.
 */
export function linesOfModule(content: Uint8Array<ArrayBuffer>, module: string): Uint8Array {
  const text = new TextDecoder("latin1").decode(content); // a character for each byte
  const lineEnd = `[${module}]\n`, first = text.indexOf(lineEnd);
  if (first < 0) return new Uint8Array();
  const last = text.lastIndexOf(lineEnd);
  return content.subarray(text.lastIndexOf("\n", first) + 1, last + lineEnd.length);
}

/** Returns a function for each of the symbols that share its name. */
function withAddresses(fn: SkbFunction, symbols: readonly KernelSymbol[]): SkbFunction[] {
  if (symbols.length === 0) return [fn]; // the ftrace backend needs its name only
  return symbols.map(({ address }, i) => ({
    ...fn,
    address,
    ...(i === 0 ? undefined : { isNamesake: true as const }),
  }));
}

/** The hook of a function is behind its first instruction at most: endbr64. */
const ENDBR_BYTES = 4n;

function isIn(addresses: ReadonlySet<bigint>, { address }: KernelSymbol): boolean {
  return addresses.has(address) || addresses.has(address + ENDBR_BYTES);
}

function byFirst([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

/** Returns a key that sorts by module and name, vmlinux first: a space sorts before all else. */
function keyOf({ module, name }: { readonly module: string; readonly name: string }): string {
  return `${module === VMLINUX ? "" : module} ${name}`;
}
