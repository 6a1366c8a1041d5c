import { CALL, INSTRUCTION, PSEUDO_KFUNC_CALL } from "../base/ebpf.ts";

/** r0 has results, r1 to r5 arguments, calls leave r6 to r9 alone, r10 is the frame pointer. */
export type Register = "r0" | "r1" | "r2" | "r3" | "r4" | "r5" | "r6" | "r7" | "r8" | "r9" | "r10";

/** The second operand: a register, or a number of 32 bits, signed or not. */
export type Operand = Register | number;

/** A place that instructions can jump to. */
export interface Label {
  /** Whether an instruction jumps to it. */
  isUsed?: boolean;
  /** Number of instructions before it, once it is placed. */
  index?: number;
}

/** BPF_OP of calculations and jumps (include/uapi/linux/bpf.h, linux/bpf_common.h). */
const ALU = {
  add: 0x00,
  subtract: 0x10,
  or: 0x40,
  and: 0x50,
  shiftLeft: 0x60,
  shiftRight: 0x70,
  negate: 0x80,
} as const;
const JUMP = {
  equal: 0x10,
  greater: 0x20,
  greaterOrEqual: 0x30,
  anyBit: 0x40,
  notEqual: 0x50,
  less: 0xa0,
  lessOrEqual: 0xb0,
} as const;
export type Condition = keyof typeof JUMP;

/** BPF_CLASS, by the width of the operands in bits. */
const ALU_CLASS = { 32: 0x04, 64: 0x07 } as const, JUMP_CLASS = { 32: 0x06, 64: 0x05 } as const;
/** BPF_SIZE, by bytes. */
const SIZE = { 1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18 } as const;
export type Size = keyof typeof SIZE;

const FROM_REGISTER = 0x08, MOVE = 0xb0, TO_BIG_ENDIAN = 0xdc;
const LOAD = 0x61, STORE = 0x63, STORE_NUMBER = 0x62, JUMP_ALWAYS = 0x05, EXIT = 0x95;

/** A jump reaches 16 bits, signed, from the instruction after it. */
const FARTHEST_JUMP = 0x7fff;

interface Instruction {
  readonly code: number;
  readonly to: number;
  readonly from: number;
  readonly offset: number | Label;
  readonly immediate: number;
}

/**
 * Collects eBPF instructions (`struct bpf_insn`), with jumps ahead to labels. Instructions that nothing leads
 * to are left out: the verifier refuses them.
 */
export class Assembler {
  readonly #instructions: Instruction[] = [];
  /** Whether the next instruction can be reached. */
  #isReached = true;

  /** `to = operand`; 32 bits clear the upper half. */
  move(to: Register, operand: Operand, width: 32 | 64 = 32): void {
    this.calculate(MOVE, to, operand, width);
  }

  /** `to = to OP operand`; 32 bits clear the upper half. @param operation its name, or its BPF_OP */
  calculate(
    operation: keyof typeof ALU | number,
    to: Register,
    operand: Operand,
    width: 32 | 64 = 32,
  ): void {
    const op = typeof operation === "number" ? operation : ALU[operation];
    this.#append(ALU_CLASS[width] | op, to, operand);
  }

  /** Turns the lowest 16 or 32 bits from the order of the network to a number. */
  toNumber(to: Register, bits: 16 | 32 | 64): void {
    this.#append(TO_BIG_ENDIAN, to, bits);
  }

  /** `to = *(base + offset)` */
  load(size: Size, to: Register, base: Register, offset: number): void {
    this.#append(LOAD | SIZE[size], to, base, offset);
  }

  /** `*(base + offset) = operand` */
  store(size: Size, base: Register, offset: number, operand: Operand): void {
    const code = typeof operand === "number" ? STORE_NUMBER : STORE;
    this.#append(code | SIZE[size], base, operand, offset);
  }

  jump(target: Label): void {
    this.#push({ code: JUMP_ALWAYS, to: 0, from: 0, offset: target, immediate: 0 });
    this.#isReached = false;
  }

  /** `if (register CONDITION operand) goto target`, without signs */
  jumpIf(
    condition: Condition,
    register: Register,
    operand: Operand,
    target: Label,
    width: 32 | 64 = 32,
  ): void {
    this.#append(JUMP_CLASS[width] | JUMP[condition], register, operand, target);
  }

  /** Calls a helper. @param id its `enum bpf_func_id` */
  call(id: number): void {
    this.#append(CALL, "r0", id);
  }

  /** Calls a function of the kernel. @param id its id in the BTF of vmlinux */
  callKernel(id: number): void {
    const from = PSEUDO_KFUNC_CALL;
    this.#push({ code: CALL, to: 0, from, offset: 0, immediate: id });
  }

  /** Returns from the program with what is in r0. */
  exit(): void {
    this.#append(EXIT, "r0", 0);
    this.#isReached = false;
  }

  /** Makes the label stand for the next instruction. */
  place(label: Label): void {
    label.index = this.#instructions.length;
    if (label.isUsed) this.#isReached = true;
  }

  /**
   * Returns the instructions as bytes; undefined if a jump does not reach its label. All labels that are
   * jumped to must have been placed.
   */
  assemble(): Uint8Array<ArrayBuffer> | undefined {
    const view = new DataView(new ArrayBuffer(this.#instructions.length * INSTRUCTION.sizeBytes));
    for (const [index, { code, to, from, offset, immediate }] of this.#instructions.entries()) {
      const value = typeof offset === "number" ? offset : offset.index! - index - 1;
      if (Math.abs(value) > FARTHEST_JUMP) return undefined;
      const at = index * INSTRUCTION.sizeBytes;
      view.setUint8(at, code);
      view.setUint8(at + INSTRUCTION.registers, from << 4 | to);
      view.setInt16(at + INSTRUCTION.offset, value, true);
      view.setInt32(at + INSTRUCTION.immediate, immediate, true);
    }
    return new Uint8Array(view.buffer);
  }

  #append(code: number, to: Register, operand: Operand, offset: number | Label = 0): void {
    const isNumber = typeof operand === "number";
    const isLoadOrStore = (code & 0x07) === (LOAD & 0x07) || (code & 0x07) === (STORE & 0x07);
    this.#push({
      code: isNumber || isLoadOrStore ? code : code | FROM_REGISTER,
      to: numberOf(to),
      from: isNumber ? 0 : numberOf(operand),
      offset,
      immediate: isNumber ? operand : 0,
    });
  }

  #push(instruction: Instruction): void {
    if (!this.#isReached) return;
    this.#instructions.push(instruction);
    if (typeof instruction.offset !== "number") instruction.offset.isUsed = true;
  }
}

function numberOf(register: Register): number {
  return Number(register.slice(1));
}
