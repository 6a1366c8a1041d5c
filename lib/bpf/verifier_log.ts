/**
 * Kernels before 6.4 keep the beginning of a log that does not fit, newer ones its end. Older kernels take no
 * more than 16 MiB.
 */
const BUFFER_BYTES = 1 << 22;

/** BPF_LOG_LEVEL1 and BPF_LOG_STATS of include/linux/bpf_verifier.h. */
const LEVELS = { instructions: 1, problem: 4 } as const;

/** The last lines of a log (print_verification_stats in kernel/bpf/verifier.c). */
const STATISTICS = /^(processed \d+ insns|verification time|stack depth)/;

/** What the verifier logs for the last program that it was given. */
export class VerifierLog {
  readonly buffer = new Uint8Array(BUFFER_BYTES);
  /** For `BpfProgram.setLog`. */
  readonly level: number;

  /**
   * @param content `problem` for a short log, which is empty if the program is fine; `instructions` for
   *   every instruction that led there as well
   */
  constructor(content: keyof typeof LEVELS) {
    this.level = LEVELS[content];
  }

  get lines(): readonly string[] {
    const text = new TextDecoder().decode(this.buffer.subarray(0, this.buffer.indexOf(0)));
    return text.split("\n").filter(Boolean);
  }

  /** False if the buffer had no room for the end, which explains a refusal. */
  get isComplete(): boolean {
    return this.lines.some((line) => STATISTICS.test(line));
  }
}

/** The part of a verifier's log that tells a person what is wrong. */
export interface Explanation {
  /** Why the program was refused, e.g. `R0 invalid mem access 'map_value_or_null'`. */
  readonly reason: string;
  /** The last lines up to the reason, beginning with the line of the source if the log has it. */
  readonly excerpt: readonly string[];
}

/** Limits of an excerpt: 6.12 ends instructions with all that it knows about the stack. */
const EXCERPT_LINES = 8, LINE_LENGTH = 160;

/** What the verifier logs about its own work between instructions. */
const BOOKKEEPING = /^(last_idx|regs=|parent |mark_precise)/;

/** What follows an infinite loop: the state that it does not change. */
const AFTERMATH = /^(cur|old) state:/;

/** A jump, after which the reason follows on the same line. */
const JUMP = /^\d+: \(\w\w\) if .* goto pc[+-]\d+ /;

/** Finds out why a program was refused. Returns undefined if the log says nothing. */
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
