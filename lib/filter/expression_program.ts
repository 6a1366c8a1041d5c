/** Translates compiled expressions to eBPF. */
import { usageError } from "../base/errors.ts";
import type { ClassicInstruction } from "../ffi/libpcap.ts";
import type { FragmentLayout, SkbLayout } from "../kernel/skb_layout.ts";
import { Assembler, type Label } from "./assembler.ts";
import { type ClassicProgram, isAbsolute } from "./classic.ts";
import { ClassicTranslator } from "./classic_translator.ts";
import { ADDRESS, LINK_WORD, SLOT } from "./frame.ts";
import { FragmentFinder } from "./fragment_finder.ts";
import { FragmentReader } from "./fragment_reader.ts";
import { FrameFinder } from "./frame_finder.ts";
import { FrameReader } from "./frame_reader.ts";
import { InnerFrameFinder, wantedOutside } from "./inner_frame_finder.ts";
import { Memory, type MemoryAccess } from "./memory.ts";
import type { PacketFilter } from "./packet_filter.ts";
import { unrollLoops } from "./unroll.ts";

/** What `ipft_filter` returns. */
const MATCHES = 1, UNDECIDED = 2;

/** What a kernel's programs need to know of it. */
export interface ProgramTarget {
  readonly access: MemoryAccess;
  readonly layout: SkbLayout;
}

/** What libpcap has made of expressions. All of them must match. */
export type Expressions = Pick<PacketFilter, "expression" | "inner">;

/**
 * Translates expressions to the body of `ipft_filter` (lib/bpf/filter.h), which gets an skb in r1 and returns
 * MATCHES, UNDECIDED or 0. It takes 304 bytes of the stack.
 * @param expressions what `requirePacketsOnly` has let pass
 * @throws IpftError when they are too long for jumps of eBPF
 */
export function translateExpressions(
  expressions: Expressions,
  target: ProgramTarget,
): Uint8Array<ArrayBuffer> {
  const expression = expressions.expression && unrollLoops(expressions.expression);
  const inner = expressions.inner && unrollLoops(expressions.inner);
  const translated = new Translation(target).assemble(expression, inner);
  if (translated !== undefined) return translated;
  const count = (expression?.length ?? 0) + (inner?.length ?? 0);
  throw usageError(
    `the expression is too long: its ${count} instructions need jumps that eBPF does not have`,
    "use networks instead of single addresses, or port ranges instead of ports",
  );
}

/**
 * Checks that an expression is about packets alone.
 * @param name what it is called
 * @throws IpftError wrong usage
 */
export function requirePacketsOnly(program: ClassicProgram, name = "the expression"): void {
  if (!program.some(isAboutCapture)) return;
  throw usageError(
    `${name} is about how a packet was captured (inbound, outbound, ifindex)`,
    "choose an interface with --ifname, and a direction by addresses",
  );
}

class Translation {
  readonly #code = new Assembler();
  readonly #noMatch: Label = {};
  readonly #tooShort: Label = {};
  readonly #memory: Memory;
  readonly #frame: FrameReader;
  readonly #layout: SkbLayout;

  constructor({ access, layout }: ProgramTarget) {
    const code = this.#code;
    this.#layout = layout;
    this.#memory = new Memory(code, access, SLOT.read);
    this.#frame = new FrameReader(code, this.#memory, layout, this.#noMatch, this.#tooShort);
  }

  assemble(
    expression: ClassicProgram | undefined,
    inner: ClassicProgram | undefined,
  ): Uint8Array<ArrayBuffer> | undefined {
    const code = this.#code, matchesOutside: Label = {};
    const match = () => {
      code.move("r0", MATCHES);
      code.exit();
    };
    const outside = expression && this.#translator(expression);
    const wanted = inner ? wantedOutside(outside?.wanted) : outside!.wanted;
    new FrameFinder(code, this.#memory, this.#layout, wanted).find(this.#noMatch);
    if (inner === undefined) {
      outside!.translate(match);
    } else {
      code.store(8, "r10", SLOT.outer, ADDRESS);
      code.store(8, "r10", SLOT.linkWord, LINK_WORD);
      outside?.translate(() => code.jump(matchesOutside));
      code.place(matchesOutside);
      const within = this.#translator(inner);
      new InnerFrameFinder(code, this.#memory, this.#frame, wanted, within.wanted)
        .find(this.#noMatch, this.#tooShort);
      within.translate(match);
    }
    code.place(this.#noMatch);
    code.move("r0", 0);
    code.exit();
    code.place(this.#tooShort);
    this.#endIfShorter(() => {
      this.#frame.readLength("r0");
      code.store(8, "r10", SLOT.length, "r0");
    });
    const { fragments } = this.#layout;
    if (fragments && expression && !inner) this.#tryFragment(expression, fragments, match);
    code.move("r0", UNDECIDED);
    code.exit();
    return code.assemble();
  }

  /**
   * Runs the program again for a frame that is partly in fragments. What comes next is reached if the first
   * one is not enough.
   * @param match appends what follows where the frame matches
   */
  #tryFragment(program: ClassicProgram, layout: FragmentLayout, match: () => void): void {
    const code = this.#code, memory = this.#memory;
    const noMatch: Label = {}, tooShort: Label = {}, undecided: Label = {};
    const start = new FrameReader(code, memory, this.#layout, noMatch, tooShort);
    const reader = new FragmentReader(code, memory, start, tooShort, undecided);
    new FragmentFinder(code, memory, this.#layout, layout).find(undecided);
    new ClassicTranslator(code, reader, program, noMatch).translate(match, true);
    code.place(noMatch);
    code.move("r0", 0);
    code.exit();
    code.place(tooShort);
    this.#endIfShorter(() => reader.readLength("r0"));
    code.place(undecided);
  }

  #translator(program: ClassicProgram): ClassicTranslator {
    return new ClassicTranslator(this.#code, this.#frame, program, this.#noMatch);
  }

  /**
   * Ends the program if the frame has fewer than r1 bytes: it does not match. Others are in fragments.
   * @param readLength reads the length of the frame into r0
   */
  #endIfShorter(readLength: () => void): void {
    const code = this.#code, isInFragments: Label = {};
    code.store(8, "r10", SLOT.offset, "r1");
    readLength();
    code.load(8, "r1", "r10", SLOT.offset);
    code.jumpIf("lessOrEqual", "r1", "r0", isInFragments, 64);
    code.move("r0", 0);
    code.exit();
    code.place(isInFragments);
  }
}

/** Loads at negative offsets ask the kernel's packet socket for what is not in the packet (SKF_AD_OFF). */
function isAboutCapture(instruction: ClassicInstruction): boolean {
  const SKF_AD_OFF = -0x1000, LAST = SKF_AD_OFF + 0x100, offset = instruction.k | 0;
  return isAbsolute(instruction) && offset >= SKF_AD_OFF && offset < LAST;
}
