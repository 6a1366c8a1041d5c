import { BtfKind } from "./btf_kind.ts";
import type { SkbArguments } from "./skb_arguments.ts";
import { type SkbFunction, VMLINUX } from "./skb_function.ts";
import { parseFilterFunctions } from "./tracefs.ts";

/**
 * What gcc appends, once or several times, to the name of a function that it made a variant of. `.part`
 * and `.cold` are not here: they are pieces of a function, which get other arguments.
 */
const VARIANT_SUFFIX = /^(\.(constprop|isra)\.\d+)+$/;

/** The functions with a `struct sk_buff *` argument that the BTF of `module` describes. */
export function describedSkbFunctions(module: string, skbArguments: SkbArguments): SkbFunction[] {
  const { btf } = skbArguments;
  const functions: SkbFunction[] = [];
  for (let btfId = btf.firstId; btfId < btf.endId; btfId++) {
    if (btf.kind(btfId) !== BtfKind.FUNC) continue;
    const skbPosition = skbArguments.position(btf.type(btfId));
    if (skbPosition === undefined) continue;
    functions.push({ name: btf.name(btfId), module, skbPosition, btfId });
  }
  return functions;
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
  const key = (module: string, name: string) => `${module}:${name}`;
  const byKey = new Map(described.toReversed().map((fn) => [key(fn.module, fn.name), fn]));

  const names = described.map((fn) => fn.name);
  const plain: SkbFunction[] = [];
  const variants: { readonly of: SkbFunction; readonly name: string }[] = [];
  for (const { stem, suffix, module } of parseFilterFunctions(available, names)) {
    const fn = byKey.get(key(module, stem));
    if (!fn) continue;
    if (suffix === "") plain.push(fn);
    else if (VARIANT_SUFFIX.test(suffix)) variants.push({ of: fn, name: stem + suffix });
  }

  const isPlain = new Set(plain);
  const standIns = variants
    .filter((variant) => !isPlain.has(variant.of))
    .map((variant) => ({ ...variant.of, name: variant.name }));
  return [...plain, ...standIns].sort(byModuleAndName);
}

function byModuleAndName(a: SkbFunction, b: SkbFunction): number {
  return Number(b.module === VMLINUX) - Number(a.module === VMLINUX) ||
    compare(a.module, b.module) || compare(a.name, b.name);
}

/** By code unit: the order must not depend on the locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
