/**
 * Kernels before 6.4 keep the beginning of a log that does not fit, newer ones its end. Not above 16 MiB,
 * the most that older kernels take.
 */
const BUFFER_BYTES = 1 << 22;

/** BPF_LOG_LEVEL1 and BPF_LOG_STATS of include/linux/bpf_verifier.h. */
const LEVELS = { instructions: 1, problem: 4 } as const;

/** What the verifier adds at the end (print_verification_stats in kernel/bpf/verifier.c). */
const STATISTICS = /^(processed \d+ insns|verification time|stack depth)/;

/** What the verifier says of the last program that it was shown. */
export class VerifierLog {
  readonly buffer = new Uint8Array(BUFFER_BYTES);
  /** For `BpfProgram.setLog`. */
  readonly level: number;

  /**
   * @param content `problem`: short, and empty for a program that is fine; `instructions`: all that led
   *   there too
   */
  constructor(content: keyof typeof LEVELS) {
    this.level = LEVELS[content];
  }

  get lines(): readonly string[] {
    const text = new TextDecoder().decode(this.buffer.subarray(0, this.buffer.indexOf(0)));
    return text.split("\n").filter(Boolean);
  }

  /** False when the end, which explains a refusal, had no room. */
  get isComplete(): boolean {
    return this.lines.some((line) => STATISTICS.test(line));
  }
}

/** The part of a verifier's log that a person needs. */
export interface Explanation {
  /** Why the program was refused, e.g. `R0 invalid mem access 'map_value_or_null'`. */
  readonly reason: string;
  /** The last lines up to the reason, from the line of the source on where the log has it. */
  readonly excerpt: readonly string[];
}

/** The most that an excerpt has: 6.12 ends instructions with all that is known of the stack. */
const EXCERPT_LINES = 8, LINE_LENGTH = 160;

/** What the verifier tells of its own work between instructions. */
const BOOKKEEPING = /^(last_idx|regs=|parent |mark_precise)/;

/** A loop that does not end is followed by the state that it does not change. */
const AFTERMATH = /^(cur|old) state:/;

/** A jump whose line the reason continues. */
const JUMP = /^\d+: \(\w\w\) if .* goto pc[+-]\d+ /;

/** @returns undefined when the log says nothing */
export function explainRefusal(log: readonly string[]): Explanation | undefined {
  const lines = log.filter((line) =>
    !STATISTICS.test(line) && !BOOKKEEPING.test(line) && !AFTERMATH.test(line)
  );
  const last = lines.at(-1);
  if (last === undefined) return undefined;
  const source = lines.findLastIndex((line) => line.startsWith("; "));
  const excerpt = lines.slice(source < 0 ? -EXCERPT_LINES : source)
    .map((line) => line.length > LINE_LENGTH ? `${line.slice(0, LINE_LENGTH)}…` : line);
  if (excerpt.length > EXCERPT_LINES) {
    excerpt.splice(1, excerpt.length - EXCERPT_LINES + 1, "…");
  }
  return { reason: last.replace(JUMP, "").replace(/\.$/, ""), excerpt };
}
