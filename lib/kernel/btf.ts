import { IpftError } from "../errors.ts";
import { BTF_SHAPES, BtfKind } from "./btf_kind.ts";
import { readBtfSections } from "./btf_sections.ts";

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

/** Longest chain of modifiers that is followed; the kernel itself stops at 32 (MAX_RESOLVE_DEPTH). */
const MAX_MODIFIERS = 64;

/** Words of a type before its members, values or parameters: name, info, size or type. */
const ELEMENTS_AT = 3;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * The types of a kernel, a module or a BPF object, read in place: parsing only notes where each type
 * begins, everything else is decoded when it is asked for.
 *
 * What the bytes claim is checked where it is used: on corrupt BTF every method throws an `IpftError`
 * that names the source and the type; none hangs or reads elsewhere.
 *
 * Layout: Documentation/bpf/btf.rst and include/uapi/linux/btf.h of the kernel.
 */
export class Btf {
  /** The first type id that is not the base's; id 0 is void. */
  readonly firstId: number;
  /** The last type id plus one. */
  readonly endId: number;

  readonly #words: Uint32Array;
  /** Byte offset of `#words` in the source, for messages. */
  readonly #wordsAt: number;
  /** Index in `#words` of type `firstId + i`. */
  readonly #starts: Uint32Array;
  readonly #strings: Uint8Array;
  /** Offset of the first byte of `#strings`: the strings of split BTF continue its base's. */
  readonly #stringsFrom: number;
  readonly #stringsEnd: number;

  private constructor(
    bytes: Uint8Array,
    /** Where the bytes came from, e.g. `/sys/kernel/btf/vmlinux`. */
    readonly source: string,
    /** What split BTF continues: vmlinux, for that of a module. */
    readonly base: Btf | undefined,
  ) {
    const sections = readBtfSections(bytes, source, base !== undefined);
    this.#words = sections.types;
    this.#wordsAt = sections.typesAt;
    this.#strings = sections.strings;
    this.#stringsFrom = base ? base.#stringsEnd : 0;
    this.#stringsEnd = this.#stringsFrom + this.#strings.length;
    this.firstId = base ? base.endId : 1;
    this.#starts = this.#findStarts();
    this.endId = this.firstId + this.#starts.length;
  }

  /**
   * Reads raw BTF. The bytes must not change afterwards.
   * @throws IpftError when it is cut off, corrupt, or of another byte order or version
   */
  static parse(bytes: Uint8Array, options: { source: string; base?: Btf }): Btf {
    return new Btf(bytes, options.source, options.base);
  }

  /** The `BtfKind` of a type. */
  kind(id: number): number {
    return kindOf(this.#word(id, 1));
  }

  /** The name of a type, empty when it has none. */
  name(id: number): string {
    return this.#string(this.#word(id, 0));
  }

  /** Whether this is a type's name, given as NUL-terminated bytes so that nothing has to be decoded. */
  isNamed(id: number, name: Uint8Array): boolean {
    return this.#isString(this.#word(id, 0), name);
  }

  /** Size in bytes of an INT, ENUM, ENUM64, STRUCT, UNION, FLOAT or DATASEC. */
  size(id: number): number {
    switch (this.kind(id)) {
      case BtfKind.INT:
      case BtfKind.ENUM:
      case BtfKind.ENUM64:
      case BtfKind.STRUCT:
      case BtfKind.UNION:
      case BtfKind.FLOAT:
      case BtfKind.DATASEC:
        return this.#word(id, 2);
      default:
        throw this.#corrupt(`${this.#place(id)} has no size`);
    }
  }

  /**
   * What a PTR, TYPEDEF, VOLATILE, CONST, RESTRICT, TYPE_TAG, DECL_TAG or VAR refers to; the FUNC_PROTO
   * of a FUNC; the return type of a FUNC_PROTO.
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
        return this.#word(id, 2);
      default:
        throw this.#corrupt(`${this.#place(id)} refers to no type`);
    }
  }

  /** A type without the typedefs, const, volatile, restrict and type tags around it. */
  skipModifiers(id: number): number {
    let type = id;
    for (let steps = 0; steps <= MAX_MODIFIERS; steps++) {
      switch (this.kind(type)) {
        case BtfKind.TYPEDEF:
        case BtfKind.VOLATILE:
        case BtfKind.CONST:
        case BtfKind.RESTRICT:
        case BtfKind.TYPE_TAG:
          type = this.#word(type, 2);
          break;
        default:
          return type;
      }
    }
    throw this.#corrupt(`${this.#place(id)} begins an endless chain of modifiers`);
  }

  /** The members of a STRUCT or UNION, in order. */
  members(id: number): BtfMember[] {
    const kind = this.kind(id);
    if (kind !== BtfKind.STRUCT && kind !== BtfKind.UNION) {
      throw this.#corrupt(`${this.#place(id)} has no members`);
    }
    // The kind flag says that the top byte of an offset is the width of a bit field.
    const hasWidths = this.#hasFlag(id);
    return this.#mapElements(id, 3, (word) => {
      const offset = this.#word(id, word + 2);
      return {
        name: this.#string(this.#word(id, word)),
        type: this.#word(id, word + 1),
        bitOffset: hasWidths ? offset & 0xffffff : offset,
        bitSize: hasWidths ? offset >>> 24 : 0,
      };
    });
  }

  /** The values of an ENUM or ENUM64, in order; unsigned where BTF older than Linux 6.0 cannot tell. */
  enumerators(id: number): BtfEnumerator[] {
    const kind = this.kind(id);
    if (kind !== BtfKind.ENUM && kind !== BtfKind.ENUM64) {
      throw this.#corrupt(`${this.#place(id)} has no values`);
    }
    const isSigned = this.#hasFlag(id);
    return this.#mapElements(id, kind === BtfKind.ENUM ? 2 : 3, (word) => {
      const name = this.#string(this.#word(id, word));
      const low = this.#word(id, word + 1);
      if (kind === BtfKind.ENUM) return { name, value: isSigned ? low | 0 : low };
      const value = BigInt(this.#word(id, word + 2)) << 32n | BigInt(low);
      return { name, value: isSigned ? BigInt.asIntN(64, value) : value };
    });
  }

  /** How many parameters a FUNC_PROTO has, the `...` of a variadic function included. */
  paramCount(id: number): number {
    const info = this.#word(id, 1);
    if (kindOf(info) === BtfKind.FUNC_PROTO) return vlenOf(info);
    throw this.#corrupt(`${this.#place(id)} has no parameters`);
  }

  /** The type of parameter `index` of a FUNC_PROTO; 0 for the `...` of a variadic function. */
  paramType(id: number, index: number): number {
    if (index < this.paramCount(id)) return this.#word(id, ELEMENTS_AT + index * 2 + 1);
    throw this.#corrupt(`${this.#place(id)} has no parameter ${index}`);
  }

  /** The first type of this kind and name, its base's before its own. */
  find(kind: number, name: string): number | undefined {
    const found = this.base?.find(kind, name);
    if (found !== undefined) return found;
    const bytes = encoder.encode(`${name}\0`);
    const words = this.#words, starts = this.#starts;
    for (let i = 0; i < starts.length; i++) {
      const at = starts[i];
      if (kindOf(words[at + 1]) === kind && this.#isString(words[at], bytes)) {
        return this.firstId + i;
      }
    }
    return undefined;
  }

  /** Whether there is an `enum enumName` that has a value of the other name. */
  hasEnumerator(enumName: string, valueName: string): boolean {
    const id = this.find(BtfKind.ENUM, enumName) ?? this.find(BtfKind.ENUM64, enumName);
    return id !== undefined && this.enumerators(id).some(({ name }) => name === valueName);
  }

  #findStarts(): Uint32Array {
    const words = this.#words;
    const starts = new Uint32Array(Math.floor(words.length / ELEMENTS_AT));
    let count = 0;
    for (let at = 0; at < words.length;) {
      const info = words[at + 1];
      const shape = BTF_SHAPES[kindOf(info)];
      const next = at + (shape ? shape.fixed + shape.element * vlenOf(info) : ELEMENTS_AT);
      if (!shape || next > words.length) {
        const why = next > words.length ? "is cut off" : `is of unknown kind ${kindOf(info)}`;
        throw this.#corrupt(`${this.#place(this.firstId + count, at)} ${why}`);
      }
      starts[count++] = at;
      at = next;
    }
    return starts.slice(0, count);
  }

  /** Word `index` of a type: name, info, size or type, and from `ELEMENTS_AT` what its kind adds. */
  #word(id: number, index: number): number {
    if (id === 0) return 0;
    if (this.base && id < this.firstId) return this.base.#word(id, index);
    const start = this.#starts[id - this.firstId];
    if (start === undefined) {
      throw this.#corrupt(`it has no type ${id}, its last is ${this.endId - 1}`);
    }
    return this.#words[start + index];
  }

  #hasFlag(id: number): boolean {
    return this.#word(id, 1) >>> 31 === 1;
  }

  /** What `read` makes of each member or value of a type, given the index of its first word. */
  #mapElements<T>(id: number, words: number, read: (word: number) => T): T[] {
    const length = vlenOf(this.#word(id, 1));
    return Array.from({ length }, (_, i) => read(ELEMENTS_AT + i * words));
  }

  #string(offset: number): string {
    if (this.base && offset < this.#stringsFrom) return this.base.#string(offset);
    const start = offset - this.#stringsFrom;
    const end = this.#strings.indexOf(0, start);
    if (end < 0) throw this.#corrupt(`it has no string at ${offset}`);
    return decoder.decode(this.#strings.subarray(start, end));
  }

  #isString(offset: number, wanted: Uint8Array): boolean {
    if (this.base && offset < this.#stringsFrom) return this.base.#isString(offset, wanted);
    const start = offset - this.#stringsFrom;
    for (let i = 0; i < wanted.length; i++) {
      if (this.#strings[start + i] !== wanted[i]) return false;
    }
    return true;
  }

  #place(id: number, start = this.#starts[id - this.firstId]): string {
    return start === undefined ? `type ${id}` : `type ${id} at byte ${this.#wordsAt + start * 4}`;
  }

  #corrupt(why: string): IpftError {
    return new IpftError(`cannot read the BTF of ${this.source}: ${why}`);
  }
}

function kindOf(info: number): number {
  return info >>> 24 & 0x7f;
}

function vlenOf(info: number): number {
  return info & 0xffffff;
}
