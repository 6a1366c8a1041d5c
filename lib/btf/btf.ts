import { BtfKind } from "./btf_kind.ts";
import { BtfTable, COMMON_WORDS, KIND_MASK, KIND_SHIFT, kindOf, vlenOf } from "./btf_table.ts";
import { lastNotAbove } from "../base/sorted.ts";

/** A member of a struct or union. */
export interface BtfMember {
  /** Empty for an anonymous struct or union. */
  readonly name: string;
  readonly type: number;
  readonly bitOffset: number;
  /** Width of a bit field, 0 for any other member. */
  readonly bitSize: number;
}

/** A value of an ENUM (number) or ENUM64 (bigint). */
export interface BtfEnumerator {
  readonly name: string;
  readonly value: number | bigint;
}

/** The longest chain of modifiers to follow; the kernel itself stops at 32 (MAX_RESOLVE_DEPTH). */
const MAX_MODIFIERS = 64;

const encoder = new TextEncoder();

/**
 * The types of a kernel, a module or a BPF object, read in place. Parsing only finds where each type
 * begins; the rest is decoded on demand.
 *
 * The bytes are not trusted, and each claim in them is checked where it is used. On corrupt BTF a method
 * throws an `IpftError` that names the source and the type; no method hangs or reads out of bounds.
 *
 * For the layout see Documentation/bpf/btf.rst and include/uapi/linux/btf.h of the kernel.
 */
export class Btf {
  readonly #table: BtfTable;

  private constructor(table: BtfTable, readonly base: Btf | undefined) {
    this.#table = table;
  }

  /**
   * Parses raw BTF. The bytes must not change afterwards.
   * @param options.source where the bytes came from, for messages: `/sys/kernel/btf/vmlinux`
   * @param options.base the BTF that split BTF builds on: vmlinux's, for a module's
   * @throws IpftError when the BTF is truncated, corrupt, or of another byte order or version
   */
  static parse(bytes: Uint8Array, options: { source: string; base?: Btf }): Btf {
    const { source, base } = options;
    return new Btf(new BtfTable(bytes, source, base && base.#table), base);
  }

  /** Where the bytes came from, for messages. */
  get source(): string {
    return this.#table.source;
  }

  /** The first type id after those of the base; id 0 is void. */
  get firstId(): number {
    return this.#table.firstId;
  }

  /** The last type id plus one. */
  get endId(): number {
    return this.#table.endId;
  }

  /**
   * Returns a 32-bit word of a type: 0 is its name, 1 its info, 2 its size or type, and 3 on is what its
   * kind adds (btf.rst). For readers of kinds that have no method here.
   */
  word(id: number, index: number): number {
    return this.#table.word(id, index);
  }

  /** Returns the string at an offset that a type holds. */
  string(offset: number): string {
    return this.#table.string(offset);
  }

  /** Returns the `BtfKind` of a type. */
  kind(id: number): number {
    return kindOf(this.#table.word(id, 1));
  }

  /** Returns the name of a type; empty when it has none. */
  name(id: number): string {
    return this.#table.string(this.#table.word(id, 0));
  }

  /** Returns the size in bytes of an INT, ENUM, ENUM64, STRUCT, UNION, FLOAT or DATASEC. */
  size(id: number): number {
    switch (this.kind(id)) {
      case BtfKind.INT:
      case BtfKind.ENUM:
      case BtfKind.ENUM64:
      case BtfKind.STRUCT:
      case BtfKind.UNION:
      case BtfKind.FLOAT:
      case BtfKind.DATASEC:
        return this.#table.word(id, 2);
      default:
        throw this.#table.unfit(id, "has no size");
    }
  }

  /**
   * Returns the type that a PTR, TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG, DECL_TAG or VAR refers to,
   * the FUNC_PROTO of a FUNC, or the return type of a FUNC_PROTO.
   */
  type(id: number): number {
    switch (this.kind(id)) {
      case BtfKind.PTR:
      case BtfKind.TYPEDEF:
      case BtfKind.VOLATILE:
      case BtfKind.CONST:
      case BtfKind.RESTRICT:
      case BtfKind.TYPE_TAG:
      case BtfKind.DECL_TAG:
      case BtfKind.VAR:
      case BtfKind.FUNC:
      case BtfKind.FUNC_PROTO:
        return this.#table.word(id, 2);
      default:
        throw this.#table.unfit(id, "refers to no type");
    }
  }

  /** Reports whether a type only modifies another: a typedef, const, volatile, restrict or type tag. */
  isModifier(id: number): boolean {
    switch (this.kind(id)) {
      case BtfKind.TYPEDEF:
      case BtfKind.VOLATILE:
      case BtfKind.CONST:
      case BtfKind.RESTRICT:
      case BtfKind.TYPE_TAG:
        return true;
      default:
        return false;
    }
  }

  /** Returns the type inside all modifiers. */
  skipModifiers(id: number): number {
    let type = id;
    for (let steps = 0; this.isModifier(type); steps++) {
      if (steps === MAX_MODIFIERS) {
        throw this.#table.unfit(id, "begins an endless chain of modifiers");
      }
      type = this.type(type);
    }
    return type;
  }

  /** Returns the members of a STRUCT or UNION, in order. */
  members(id: number): BtfMember[] {
    const kind = this.kind(id);
    if (kind !== BtfKind.STRUCT && kind !== BtfKind.UNION) {
      throw this.#table.unfit(id, "has no members");
    }
    // With the kind flag, the top byte of an offset is the width of a bit field.
    const hasWidths = this.#hasFlag(id);
    return this.#mapElements(id, 3, (name, type, offset) => ({
      name,
      type,
      bitOffset: hasWidths ? offset & 0xffffff : offset,
      bitSize: hasWidths ? offset >>> 24 : 0,
    }));
  }

  /** Returns the values of an ENUM or ENUM64, in order. BTF before Linux 6.0 has no signs: unsigned. */
  enumerators(id: number): BtfEnumerator[] {
    const isSigned = this.#hasFlag(id);
    switch (this.kind(id)) {
      case BtfKind.ENUM:
        return this.#mapElements(id, 2, (name, value) => ({
          name,
          value: isSigned ? value | 0 : value,
        }));
      case BtfKind.ENUM64:
        return this.#mapElements(id, 3, (name, low, high) => {
          const value = BigInt(high) << 32n | BigInt(low);
          return { name, value: isSigned ? BigInt.asIntN(64, value) : value };
        });
      default:
        throw this.#table.unfit(id, "has no values");
    }
  }

  /** Returns the number of parameters of a FUNC_PROTO, counting the `...` of a variadic function. */
  paramCount(id: number): number {
    const info = this.#table.word(id, 1);
    if (kindOf(info) === BtfKind.FUNC_PROTO) return vlenOf(info);
    throw this.#table.unfit(id, "has no parameters");
  }

  /** Returns the type of parameter `index` of a FUNC_PROTO; 0 for the `...` of a variadic function. */
  paramType(id: number, index: number): number {
    if (index < this.paramCount(id)) return this.#table.word(id, COMMON_WORDS + index * 2 + 1);
    throw this.#table.unfit(id, `has no parameter ${index}`);
  }

  /** Finds the first type of this kind and name, in the base before this BTF. */
  find(kind: number, name: string): number | undefined {
    return this.base?.find(kind, name) ?? this.#ownNamed(kind, name).next().value;
  }

  /** Finds all types of this kind and name outside the base. */
  findOwn(kind: number, name: string): number[] {
    return [...this.#ownNamed(kind, name)];
  }

  /** Searches lazily: to go through all types of a kernel takes a while. */
  *#ownNamed(kind: number, name: string): Generator<number, undefined> {
    const table = this.#table, { words, starts } = table;
    const wanted = encoder.encode(`${name}\0`);
    for (let i = 0; i < starts.length; i++) {
      const at = starts[i];
      if (
        (words[at + 1] >>> KIND_SHIFT & KIND_MASK) === kind && table.isString(words[at], wanted)
      ) {
        yield table.firstId + i;
      }
    }
  }

  /**
   * Finds the types outside the base that hold the number `id`: all that refer to that type, and some
   * that hold it by chance. Far quicker than decoding every type.
   */
  findMentions(id: number): number[] {
    const { words, starts, firstId } = this.#table;
    const found: number[] = [];
    for (let at = words.indexOf(id); at >= 0;) {
      const index = lastNotAbove(starts, at);
      found.push(firstId + index);
      at = index + 1 < starts.length ? words.indexOf(id, starts[index + 1]) : -1;
    }
    return found;
  }

  /**
   * Finds the FUNCs outside the base whose FUNC_PROTO is a key of `own` or, if the FUNC_PROTO belongs to
   * the base, of `base`.
   */
  findFunctions(own: ReadonlyMap<number, unknown>, base = own): number[] {
    const { words, starts, firstId } = this.#table;
    const found: number[] = [];
    for (let i = 0; i < starts.length; i++) {
      const at = starts[i];
      if ((words[at + 1] >>> KIND_SHIFT & KIND_MASK) !== BtfKind.FUNC) continue;
      const prototype = words[at + 2];
      if ((prototype < firstId ? base : own).has(prototype)) found.push(firstId + i);
    }
    return found;
  }

  /** Returns the names of the values of `enum enumName`; none when there is no such enum. */
  enumeratorNames(enumName: string): Set<string> {
    const id = this.find(BtfKind.ENUM, enumName) ?? this.find(BtfKind.ENUM64, enumName);
    return new Set(id === undefined ? [] : this.enumerators(id).map(({ name }) => name));
  }

  #hasFlag(id: number): boolean {
    return this.#table.word(id, 1) >>> 31 === 1;
  }

  /** Reads each element by its name and next two words; with two words an element, ignore the third. */
  #mapElements<T>(
    id: number,
    words: number,
    read: (name: string, second: number, third: number) => T,
  ): T[] {
    const table = this.#table;
    return Array.from({ length: vlenOf(table.word(id, 1)) }, (_, i) => {
      const at = COMMON_WORDS + i * words;
      return read(table.string(table.word(id, at)), table.word(id, at + 1), table.word(id, at + 2));
    });
  }
}
