import type { Btf } from "./btf.ts";
import { BtfKind } from "./btf_kind.ts";

/** How x86-64 passes an argument or result of some type (System V ABI for AMD64, 3.2.3). */
const Passing = {
  UNSEEN: 0,
  /** A pointer to a `struct sk_buff`, in one integer register. */
  SKB: 1,
  ONE_REGISTER: 2,
  TWO_REGISTERS: 3,
  /** In no integer register: empty, floating point, or the `...` of a variadic function. */
  NO_REGISTER: 4,
  /** On the stack. A result of this kind is written to where the first register points. */
  MEMORY: 5,
  /** Nothing that a C function takes. */
  UNKNOWN: 6,
} as const;

/** The integer registers that carry arguments: rdi, rsi, rdx, rcx, r8 and r9. */
const REGISTERS = 6;
/** How many of them are looked at for the skb: the PT_REGS_PARM macros of libbpf end with r8. */
const READABLE_REGISTERS = 5;

const SK_BUFF = new TextEncoder().encode("sk_buff\0");

/** Finds the `struct sk_buff *` among the arguments of the functions of one BTF. */
export class SkbArguments {
  /** The `Passing` of the BTF's own types, as far as they were parameters of anything yet. */
  readonly #passing: Uint8Array;

  /** @param base those of the BTF that `btf` continues, so that types are looked into only once */
  constructor(readonly btf: Btf, readonly base?: SkbArguments) {
    this.#passing = new Uint8Array(btf.endId - btf.firstId);
  }

  /**
   * Which integer register, counted from 0, carries the first `struct sk_buff *` of a FUNC_PROTO;
   * `undefined` when none of the first five does.
   */
  position(prototype: number): number | undefined {
    const { btf } = this;
    let register = this.#passingOf(btf.type(prototype)) === Passing.MEMORY ? 1 : 0;
    const count = btf.paramCount(prototype);
    for (let i = 0; i < count && register < READABLE_REGISTERS; i++) {
      switch (this.#passingOf(btf.paramType(prototype, i))) {
        case Passing.SKB:
          return register;
        case Passing.ONE_REGISTER:
          register++;
          break;
        case Passing.TWO_REGISTERS:
          // Never split: what does not fit as a whole goes on the stack.
          if (register + 2 <= REGISTERS) register += 2;
          break;
        case Passing.UNKNOWN:
          return undefined;
      }
    }
    return undefined;
  }

  #passingOf(id: number): number {
    if (this.base && id < this.btf.firstId) return this.base.#passingOf(id);
    const known = this.#passing[id - this.btf.firstId];
    if (known) return known;
    const passing = this.#classify(this.btf.skipModifiers(id));
    this.#passing[id - this.btf.firstId] = passing;
    return passing;
  }

  #classify(id: number): number {
    const { btf } = this;
    switch (btf.kind(id)) {
      case BtfKind.PTR:
        return this.#isSkb(btf.skipModifiers(btf.type(id))) ? Passing.SKB : Passing.ONE_REGISTER;
      case BtfKind.INT:
      case BtfKind.ENUM:
      case BtfKind.ENUM64:
      case BtfKind.STRUCT:
      case BtfKind.UNION: {
        const sizeBytes = btf.size(id);
        if (sizeBytes > 16) return Passing.MEMORY;
        if (sizeBytes > 8) return Passing.TWO_REGISTERS;
        return sizeBytes > 0 ? Passing.ONE_REGISTER : Passing.NO_REGISTER;
      }
      case BtfKind.VOID:
      case BtfKind.FLOAT:
        return Passing.NO_REGISTER;
      default:
        return Passing.UNKNOWN;
    }
  }

  /** By name, not by id: a module's BTF may repeat or only declare what vmlinux defines. */
  #isSkb(id: number): boolean {
    const kind = this.btf.kind(id);
    return (kind === BtfKind.STRUCT || kind === BtfKind.FWD) && this.btf.isNamed(id, SK_BUFF);
  }
}
