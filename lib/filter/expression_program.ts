/** Translates a compiled expression to eBPF. */
import { usageError } from "../base/errors.ts";
import type { ClassicInstruction } from "../ffi/libpcap.ts";
import type { SkbLayout } from "../kernel/skb_layout.ts";
import { Assembler, type Condition, type Label, type Operand, type Register } from "./assembler.ts";
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
} from "./classic.ts";
import { A, AT, LINEAR, LINK_WORD, SLOT, X } from "./frame.ts";
import { FrameFinder } from "./frame_finder.ts";
import { FrameReader } from "./frame_reader.ts";
import { Memory, type MemoryAccess } from "./memory.ts";
import { unrollLoops } from "./unroll.ts";

/** What `ipft_filter` returns. */
const MATCHES = 1, UNDECIDED = 2;

/** Where libpcap ends the search for a byte: no packet is that long. */
const LONGEST_OFFSET = 2 ** 31 - 16;

/** What a kernel's programs need to know of it. */
export interface ProgramTarget {
  readonly access: MemoryAccess;
  readonly layout: SkbLayout;
}

/**
 * Translates an expression to the body of `ipft_filter` (lib/bpf/filter.h), which gets an skb in r1 and returns
 * MATCHES, UNDECIDED or 0. It takes 328 bytes of the stack.
 * @param compiled what `requirePacketsOnly` has let pass
 * @throws IpftError when it is too long for jumps of eBPF
 */
export function translateExpression(
  compiled: ClassicProgram,
  target: ProgramTarget,
): Uint8Array<ArrayBuffer> {
  const program = unrollLoops(compiled);
  const translated = new Translation(program, target).assemble();
  if (translated !== undefined) return translated;
  throw usageError(
    `the expression is too long: its ${program.length} instructions need jumps that eBPF does not have`,
    "use networks instead of single addresses, or port ranges instead of ports",
  );
}

/**
 * Checks that an expression is about packets alone.
 * @throws IpftError wrong usage
 */
export function requirePacketsOnly(program: ClassicProgram): void {
  if (!program.some(isAboutCapture)) return;
  throw usageError(
    "the expression is about how a packet was captured (inbound, outbound, ifindex)",
    "choose an interface with --ifname, and a direction by addresses",
  );
}

/** Conditions of classic jumps, and their opposites if eBPF has them. */
const CONDITIONS: Readonly<Record<number, readonly [Condition, Condition?]>> = {
  [JUMP.JEQ]: ["equal", "notEqual"],
  [JUMP.JGT]: ["greater", "lessOrEqual"],
  [JUMP.JGE]: ["greaterOrEqual", "less"],
  [JUMP.JSET]: ["anyBit"],
};

class Translation {
  readonly #program: ClassicProgram;
  readonly #code = new Assembler();
  readonly #noMatch: Label = {};
  readonly #tooShort: Label = {};
  readonly #memory: Memory;
  readonly #frame: FrameReader;
  readonly #layout: SkbLayout;
  readonly #labels: readonly Label[];

  constructor(program: ClassicProgram, { access, layout }: ProgramTarget) {
    this.#program = program;
    this.#labels = program.map(() => ({}));
    this.#layout = layout;
    this.#memory = new Memory(this.#code, access, SLOT.read);
    this.#frame = new FrameReader(this.#code, this.#memory, this.#noMatch, this.#tooShort);
  }

  assemble(): Uint8Array<ArrayBuffer> | undefined {
    const code = this.#code, program = this.#program;
    const loads = program.filter(isAbsolute), hasIndirect = program.some(isIndirect);
    const finder = new FrameFinder(code, this.#memory, this.#layout, {
      showsTags: program.some(comparesWithTagType),
      addresses: hasIndirect || loads.some(({ k }) => k < AT.linkWord),
      copiedBytes: Math.max(0, ...loads.map((load) => load.k + sizeOf(load) - AT.copy)),
    });
    finder.find(this.#noMatch);
    const known = analyze(program, (instruction) => this.#calls(instruction));
    if (hasIndirect || program.some((load, i) => isAbsolute(load) && known[i].isAfterCall)) {
      code.store(8, "r10", SLOT.linkWord, LINK_WORD);
    }
    code.move(A, 0);
    code.move(X, 0);
    for (const slot of memorySlots(program)) code.store(4, "r10", slot, 0);
    for (const [index, instruction] of this.#program.entries()) {
      code.place(this.#labels[index]);
      this.#translate(instruction, index, known[index]);
    }
    code.place(this.#noMatch);
    code.move("r0", 0);
    code.exit();
    this.#endTooShort();
    return code.assemble();
  }

  /** Ends the program where the linear part does not have the r1 bytes that are wanted: fragments may. */
  #endTooShort(): void {
    const code = this.#code, isInFragments: Label = {};
    code.place(this.#tooShort);
    code.store(8, "r10", SLOT.offset, "r1");
    this.#readLength("r0");
    code.load(8, "r1", "r10", SLOT.offset);
    code.jumpIf("lessOrEqual", "r1", "r0", isInFragments, 64);
    code.move("r0", 0);
    code.exit();
    code.place(isInFragments);
    code.move("r0", UNDECIDED);
    code.exit();
  }

  /** Reads the length of the frame. */
  #readLength(to: Register): void {
    const code = this.#code;
    code.load(8, "r1", "r10", SLOT.skb);
    this.#memory.read(4, to, "r1", this.#layout.dataLength);
    code.calculate("add", to, LINEAR, 64);
  }

  /** Whether an instruction is translated with a call. */
  #calls(instruction: ClassicInstruction): boolean {
    return isIndirect(instruction) ||
      isLoad(instruction) && modeOf(instruction) === MODE.LEN ||
      isAbsolute(instruction) && this.#frame.calls(instruction.k, sizeOf(instruction));
  }

  #translate(instruction: ClassicInstruction, index: number, known: Known): void {
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
        return this.#return(instruction);
      case Class.MISC:
        return opOf(instruction) === TXA ? code.move(A, X) : code.move(X, A);
    }
  }

  #load(to: typeof A | typeof X, instruction: ClassicInstruction, known: Known): void {
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
        return this.#readLength(to);
      case MODE.IND:
        return frame.readBehindX(A, k, size);
    }
    if (known.bytes < k + size) frame.require(k + size);
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

  #return(instruction: ClassicInstruction): void {
    const code = this.#code;
    if ((instruction.code & RET_A) !== 0) {
      code.jumpIf("equal", A, 0, this.#noMatch);
    } else if (instruction.k === 0) {
      return code.jump(this.#noMatch);
    }
    code.move("r0", MATCHES);
    code.exit();
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

/** Loads at negative offsets ask the kernel's packet socket for what is not in the packet (SKF_AD_OFF). */
function isAboutCapture(instruction: ClassicInstruction): boolean {
  const SKF_AD_OFF = -0x1000, LAST = SKF_AD_OFF + 0x100, offset = instruction.k | 0;
  return isAbsolute(instruction) && offset >= SKF_AD_OFF && offset < LAST;
}

/** Types of Ethernet frames that say that a VLAN tag follows (include/uapi/linux/if_ether.h, pcap-filter(7)). */
const TAG_TYPES: readonly number[] = [0x8100, 0x88a8, 0x9100];

function comparesWithTagType(instruction: ClassicInstruction): boolean {
  return classOf(instruction) === Class.JMP && TAG_TYPES.includes(instruction.k);
}
