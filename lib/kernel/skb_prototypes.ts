import { IpftError } from "../base/errors.ts";
import type { Btf } from "../btf/btf.ts";
import { BtfKind } from "../btf/btf_kind.ts";

/** The function types of one BTF that take a `struct sk_buff *`. */
export interface SkbPrototypes {
  readonly btf: Btf;
  /** The function types of the BTF that `btf` builds on. */
  readonly base: SkbPrototypes | undefined;
  /** `struct sk_buff`, `const struct sk_buff` and the like, those of the base included. */
  readonly structs: ReadonlySet<number>;
  /** Pointers to one of `structs` and modifiers of such pointers, those of the base included. */
  readonly pointers: ReadonlySet<number>;
  /**
   * The integer register that carries the first of `pointers`, by FUNC_PROTO and counted from 0. A
   * FUNC_PROTO whose skb is in none of the first five is left out; the base has a map of its own.
   */
  readonly positions: ReadonlyMap<number, number>;
}

/** Number of integer registers that carry arguments: rdi, rsi, rdx, rcx, r8 and r9. */
const ARGUMENT_REGISTERS = 6;
/** Number of registers that may hold the skb: libbpf's PT_REGS_PARM macros end at r8. */
const SKB_REGISTERS = 5;

/** A kernel spells `struct sk_buff *` in a handful of ways. BTF with very many is corrupt. */
const MAX_SPELLINGS = 100;

/**
 * Finds the function types of `btf` that take a `struct sk_buff *`.
 * @throws IpftError when the BTF is corrupt
 */
export function findSkbPrototypes(btf: Btf, base?: SkbPrototypes): SkbPrototypes {
  // By name: the BTF of a module may define again, or only declare, what vmlinux defines.
  const structs = new Set([
    ...base?.structs ?? [],
    ...btf.findOwn(BtfKind.STRUCT, "sk_buff"),
    ...btf.findOwn(BtfKind.FWD, "sk_buff"),
  ]);
  const pointers = new Set(base?.pointers);
  forEachMention(btf, structs, (id, struct) => {
    if (btf.kind(id) === BtfKind.PTR && btf.type(id) === struct) pointers.add(id);
  });
  const positions = new Map<number, number>();
  forEachMention(btf, pointers, (id) => {
    if (btf.kind(id) !== BtfKind.FUNC_PROTO) return;
    const position = skbPosition(btf, id, pointers);
    if (position !== undefined) positions.set(id, position);
  });
  return { btf, base, structs, pointers, positions };
}

/** Visits each own type that mentions one of `types`, and adds the modifiers of these types to the set. */
function forEachMention(
  btf: Btf,
  types: Set<number>,
  visit: (id: number, mentioned: number) => void,
): void {
  // The iteration also visits what is added on the way.
  for (const type of types) {
    if (types.size > MAX_SPELLINGS) {
      throw new IpftError(`cannot use the BTF of ${btf.source}: too many types of struct sk_buff`);
    }
    for (const id of btf.findMentions(type)) {
      if (btf.isModifier(id) && btf.type(id) === type) types.add(id);
      else visit(id, type);
    }
  }
}

/** Returns the integer register of the first of `pointers` (System V ABI for AMD64, section 3.2.3). */
function skbPosition(
  btf: Btf,
  prototype: number,
  pointers: ReadonlySet<number>,
): number | undefined {
  // The first register points to a result that is returned in memory.
  let register = isInMemory(btf, btf.type(prototype)) ? 1 : 0;
  const count = btf.paramCount(prototype);
  for (let i = 0; i < count && register < SKB_REGISTERS; i++) {
    const type = btf.paramType(prototype, i);
    if (pointers.has(type)) return register;
    const needed = registersOf(btf, type);
    // An argument is never split: one that does not fit goes on the stack.
    if (register + needed <= ARGUMENT_REGISTERS) register += needed;
  }
  return undefined;
}

/** Returns how many integer registers an argument of this type takes. */
function registersOf(btf: Btf, id: number): number {
  const type = btf.skipModifiers(id);
  switch (btf.kind(type)) {
    case BtfKind.INT:
    case BtfKind.ENUM:
    case BtfKind.ENUM64:
    case BtfKind.STRUCT:
    case BtfKind.UNION:
      return isInMemory(btf, type) ? 0 : Math.ceil(btf.size(type) / 8);
    case BtfKind.VOID: // the `...` of a variadic function
    case BtfKind.FLOAT:
      return 0;
    default:
      return 1;
  }
}

/** Reports whether values of this type are passed and returned in memory. */
function isInMemory(btf: Btf, id: number): boolean {
  const type = btf.skipModifiers(id);
  const kind = btf.kind(type);
  return (kind === BtfKind.STRUCT || kind === BtfKind.UNION) && btf.size(type) > 16;
}
