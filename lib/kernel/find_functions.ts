import { type SkbFunction, VMLINUX } from "./skb_function.ts";
import type { SkbPrototypes } from "./skb_prototypes.ts";
import { parseAvailableFunctions } from "./available_functions.ts";

/**
 * Matches the suffixes that gcc gives a variant of a function. `.part` and `.cold` are left out: they mark
 * fragments of a function, which take other arguments.
 */
const VARIANT_SUFFIX = /^(\.(constprop|isra)\.\d+)+$/;

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
 * Returns the described functions that can be traced, sorted by module (vmlinux first) and name.
 *
 * A name appears as often as the kernel lists it for its module, because static functions share names.
 * A variant `x.isra.0` or `x.constprop.0` stands in for `x`, unless `x` itself can be traced: then it is
 * `x` that BTF describes. (Since pahole 1.25, BTF omits `x` when its variant takes its arguments
 * elsewhere.)
 *
 * @param described the functions of all modules; the first of those that share a module and a name counts
 * @param available the content of `available_filter_functions` in tracefs
 */
export function findSkbFunctions(
  described: readonly SkbFunction[],
  available: Uint8Array,
): SkbFunction[] {
  const byKey = new Map(described.toReversed().map((fn) => [keyOf(fn.module, fn.name), fn]));
  const names = described.map((fn) => fn.name);
  const keys: string[] = [];
  const variants: { readonly key: string; readonly fn: SkbFunction }[] = [];
  for (const { stem, suffix, module } of parseAvailableFunctions(available, names)) {
    const key = keyOf(module, stem);
    const fn = byKey.get(key);
    if (!fn) continue;
    if (suffix === "") keys.push(key);
    else if (VARIANT_SUFFIX.test(suffix)) {
      variants.push({ key, fn: { ...fn, name: stem + suffix } });
    }
  }

  const plain = new Set(keys);
  for (const { key, fn } of variants) {
    if (plain.has(key)) continue;
    byKey.set(keyOf(fn.module, fn.name), fn);
    keys.push(keyOf(fn.module, fn.name));
  }
  return keys.sort().map((key) => byKey.get(key)!);
}

/** Returns a key that sorts by module and name, vmlinux first: a space sorts before all else. */
function keyOf(module: string, name: string): string {
  return `${module === VMLINUX ? "" : module} ${name}`;
}
