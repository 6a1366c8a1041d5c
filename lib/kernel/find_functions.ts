import { type SkbFunction, VMLINUX } from "./skb_function.ts";
import type { SkbPrototypes } from "./skb_prototypes.ts";
import { parseFilterFunctions } from "./tracefs.ts";

/**
 * What gcc appends, once or several times, to the name of a function that it made a variant of. `.part`
 * and `.cold` are not here: they are pieces of a function, which get other arguments.
 */
const VARIANT_SUFFIX = /^(\.(constprop|isra)\.\d+)+$/;

/** The functions with a `struct sk_buff *` argument that the BTF of `module` describes. */
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
 * Those of the described functions that can be traced, sorted by module (vmlinux first) and name.
 *
 * A name is in the result as often as the kernel lists it for its module: static functions share names.
 * A variant `x.isra.0` or `x.constprop.0` stands in for `x` unless `x` itself can be traced, because
 * BTF then describes that one. (Since pahole 1.25, BTF has no `x` whose variant takes its arguments
 * elsewhere.)
 *
 * @param described the functions of all modules; of those that share a name, the first one counts
 * @param available content of tracefs' `available_filter_functions`
 */
export function findSkbFunctions(
  described: readonly SkbFunction[],
  available: Uint8Array,
): SkbFunction[] {
  const byKey = new Map(described.toReversed().map((fn) => [keyOf(fn.module, fn.name), fn]));
  const names = described.map((fn) => fn.name);
  const keys: string[] = [];
  const variants: { readonly key: string; readonly fn: SkbFunction }[] = [];
  for (const { stem, suffix, module } of parseFilterFunctions(available, names)) {
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

/** Identifies a function and sorts by module and name, vmlinux first: a blank is before all else. */
function keyOf(module: string, name: string): string {
  return `${module === VMLINUX ? "" : module} ${name}`;
}
