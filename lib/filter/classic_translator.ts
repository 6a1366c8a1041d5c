import type { ClassicInstruction } from "../ffi/libpcap.ts";
import type { Assembler, Condition, Label, Operand } from "./assembler.ts";
import {
  ALU,
  analyze,
  Class,
  type ClassicProgram,
  classOf,
  hasX,
  isAbsolute,
  isIndirect,
  isLoad,
  JUMP,
  type Known,
  MODE,
  modeOf,
  opOf,
  RET_A,
  sizeOf,
  TXA,
  usesA,
  usesX,
} from "./classic.ts";
import { A, AT, LINK_WORD, SLOT, X } from "./frame.ts";
import type { Wanted } from "./frame_cursor.ts";
import type { BytesReader } from "./frame_reader.ts";

/** Where libpcap ends the search for a byte: no packet is that long. */
const LONGEST_OFFSET = 2 ** 31 - 16;

/** Conditions of classic jumps, and their opposites if eBPF has them. */
const CONDITIONS: Readonly<Record<number, readonly [Condition, Condition?]>> = {
  [JUMP.JEQ]: ["equal", "notEqual"],
  [JUMP.JGT]: ["greater", "lessOrEqual"],
  [JUMP.JGE]: ["greaterOrEqual", "less"],
  [JUMP.JSET]: ["anyBit"],
};

/** Also says whether the link word is in its slot. */
interface KnownHere extends Known {
  readonly isKept: boolean;
}

/** Translates the program of an expression, for the frame that has been found. */
export class ClassicTranslator {
  readonly #code: Assembler;
  readonly #frame: BytesReader;
  readonly #program: ClassicProgram;
  readonly #labels: readonly Label[];
  readonly #noMatch: Label;

  /**
   * @param program without loops
   * @param noMatch where to go if the frame does not match
   */
  constructor(code: Assembler, frame: BytesReader, program: ClassicProgram, noMatch: Label) {
    this.#code = code;
    this.#frame = frame;
    this.#program = program;
    this.#noMatch = noMatch;
    this.#labels = program.map(() => ({}));
  }

  /** What the program wants of its frame. */
  get wanted(): Wanted {
    const loads = this.#program.filter(isAbsolute);
    return {
      showsTags: this.#program.some(comparesWithTagType),
      addresses: this.#program.some(isIndirect) || loads.some(({ k }) => k < AT.linkWord),
      copiedBytes: Math.max(0, ...loads.map((load) => load.k + sizeOf(load) - AT.copy)),
    };
  }

  /**
   * Appends the program.
   * @param match appends what follows where the frame matches, and does not come back from there
   * @param isLinkWordKept whether the link word is in its slot already, and not in its register
   */
  translate(match: () => void, isLinkWordKept = false): void {
    const code = this.#code, program = this.#program;
    const calls = (instruction: ClassicInstruction) => this.#calls(instruction);
    const known = analyze(program, calls, isLinkWordKept);
    const some = (is: (instruction: ClassicInstruction, known: Known) => boolean) =>
      program.some((instruction, i) => is(instruction, known[i]));
    const isUnsure = ({ isAfterCall, isAfterCallAlways }: Known) =>
      isAfterCall && !isAfterCallAlways;
    // Mostly it is kept where a call needs that. Not where it would have been on some ways only.
    const keepsFirst = !isLinkWordKept &&
      some((instruction, known) =>
        isUnsure(known) && (isAbsolute(instruction) || calls(instruction))
      );
    if (keepsFirst) code.store(8, "r10", SLOT.linkWord, LINK_WORD);
    if (some((instruction, { isASet }) => !isASet && usesA(instruction))) code.move(A, 0);
    if (some((instruction, { isXSet }) => !isXSet && usesX(instruction))) code.move(X, 0);
    for (const slot of memorySlots(program)) code.store(4, "r10", slot, 0);
    for (const [index, instruction] of program.entries()) {
      code.place(this.#labels[index]);
      const isKept = keepsFirst || known[index].isAfterCall;
      if (!isKept && calls(instruction)) code.store(8, "r10", SLOT.linkWord, LINK_WORD);
      this.#translate(instruction, index, { ...known[index], isKept }, match);
    }
  }

  /** Whether an instruction is translated with a call. */
  #calls(instruction: ClassicInstruction): boolean {
    return isIndirect(instruction) ||
      isLoad(instruction) && modeOf(instruction) === MODE.LEN ||
      isAbsolute(instruction) && this.#frame.calls(instruction.k, sizeOf(instruction));
  }

  #translate(
    instruction: ClassicInstruction,
    index: number,
    known: KnownHere,
    match: () => void,
  ): void {
    const code = this.#code, { k } = instruction;
    switch (classOf(instruction)) {
      case Class.LD:
        return this.#load(A, instruction, known);
      case Class.LDX:
        return this.#load(X, instruction, known);
      case Class.ST:
        return code.store(4, "r10", memorySlot(k), A);
      case Class.STX:
        return code.store(4, "r10", memorySlot(k), X);
      case Class.ALU:
        return this.#calculate(instruction);
      case Class.JMP:
        return this.#jump(instruction, index);
      case Class.RET:
        return this.#return(instruction, match);
      case Class.MISC:
        return opOf(instruction) === TXA ? code.move(A, X) : code.move(X, A);
    }
  }

  #load(to: typeof A | typeof X, instruction: ClassicInstruction, known: KnownHere): void {
    const code = this.#code, frame = this.#frame, { k } = instruction;
    const size = sizeOf(instruction);
    if ((isAbsolute(instruction) || isIndirect(instruction)) && k > LONGEST_OFFSET) {
      return code.jump(this.#noMatch);
    }
    switch (modeOf(instruction)) {
      case MODE.IMM:
        return code.move(to, k);
      case MODE.MEM:
        return code.load(4, to, "r10", memorySlot(k));
      case MODE.LEN:
        return frame.readLength(to);
      case MODE.IND:
        return frame.readBehindX(A, k, size);
    }
    if (known.bytes < k + size) frame.require(k + size, known.isKept);
    frame.readAt(to, k, size, known.isAfterCall);
    if (modeOf(instruction) !== MODE.MSH) return;
    // The length of an IP header: the lower half of its first byte, in words.
    code.calculate("and", to, 0xf);
    code.calculate("shiftLeft", to, 2);
  }

  #calculate(instruction: ClassicInstruction): void {
    const code = this.#code, { k } = instruction;
    const op = opOf(instruction), operand: Operand = hasX(instruction) ? X : k;
    const isDivision = op === ALU.DIV || op === ALU.MOD;
    const isShift = op === ALU.LSH || op === ALU.RSH;
    // What libpcap's own interpreter makes of these, eBPF does not.
    if (isDivision && operand === 0) return code.jump(this.#noMatch);
    if (isDivision) {
      if (operand === X) code.jumpIf("equal", X, 0, this.#noMatch);
    } else if (isShift) {
      if (operand !== X && operand > 31) return code.move(A, 0);
      if (operand === X) return this.#shift(op);
    } else if (op === ALU.NEG) {
      return code.calculate(op, A, 0);
    }
    code.calculate(op, A, operand);
  }

  #shift(op: number): void {
    const code = this.#code, isShort: Label = {}, isDone: Label = {};
    code.jumpIf("less", X, 32, isShort);
    code.move(A, 0);
    code.jump(isDone);
    code.place(isShort);
    code.calculate(op, A, X);
    code.place(isDone);
  }

  #jump(instruction: ClassicInstruction, index: number): void {
    const code = this.#code, op = opOf(instruction), next = this.#labels[index + 1];
    const [yes, no] = op === JUMP.JA
      ? [instruction.k, instruction.k]
      : [instruction.jt, instruction.jf];
    const ifYes = this.#labels[index + 1 + yes], ifNo = this.#labels[index + 1 + no];
    if (ifYes === ifNo) {
      if (ifYes !== next) code.jump(ifYes);
      return;
    }
    const [condition, opposite] = CONDITIONS[op];
    const operand: Operand = hasX(instruction) ? X : instruction.k;
    if (ifYes === next && opposite !== undefined) {
      return code.jumpIf(opposite, A, operand, ifNo);
    }
    code.jumpIf(condition, A, operand, ifYes);
    if (ifNo !== next) code.jump(ifNo);
  }

  #return(instruction: ClassicInstruction, match: () => void): void {
    const code = this.#code;
    if ((instruction.code & RET_A) !== 0) {
      code.jumpIf("equal", A, 0, this.#noMatch);
    } else if (instruction.k === 0) {
      return code.jump(this.#noMatch);
    }
    match();
  }
}

/** Where the stack has a word of the classic machine's memory. */
function memorySlot(word: number): number {
  return SLOT.memory - 4 * (word + 1);
}

/** Returns the slots of all words that a program uses. */
function memorySlots(program: ClassicProgram): ReadonlySet<number> {
  const isUse = (instruction: ClassicInstruction) =>
    classOf(instruction) === Class.ST || classOf(instruction) === Class.STX ||
    isLoad(instruction) && modeOf(instruction) === MODE.MEM;
  return new Set(program.filter(isUse).map(({ k }) => memorySlot(k)));
}

/** Types of Ethernet frames that say that a VLAN tag follows (include/uapi/linux/if_ether.h, pcap-filter(7)). */
const TAG_TYPES: readonly number[] = [0x8100, 0x88a8, 0x9100];

function comparesWithTagType(instruction: ClassicInstruction): boolean {
  return classOf(instruction) === Class.JMP && TAG_TYPES.includes(instruction.k);
}
