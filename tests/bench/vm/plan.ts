/** How much is measured. */
export interface Plan {
  /** Repetitions of figures that are times. */
  readonly rounds: number;
  /** Repetitions of figures that are shares of events. */
  readonly deliveryRounds: number;
  /** Repetitions of floods that are timed within one trace: one of them may meet other work. */
  readonly floods: number;
  /** Packets of a flood that is timed. */
  readonly timedPings: number;
  /** Packets of the floods that have to be delivered. */
  readonly deliveredPings: readonly number[];
  /** Of a transfer whose rate is measured. */
  readonly timedTransferSeconds: number;
  /** Of a transfer that has to be delivered. */
  readonly deliveredTransferSeconds: number;
  /** Whether the tools are also measured with options that no goal is about. */
  readonly variants: boolean;
  /** Which files of figures/. */
  readonly figures: readonly Figure[];
}

export const FIGURES = [
  "miss",
  "idle",
  "hit",
  "flood",
  "transfer",
  "ready",
  "named",
  "cpus",
  "once",
] as const;

export type Figure = typeof FIGURES[number];

export const FULL: Plan = {
  rounds: 5,
  deliveryRounds: 3,
  floods: 5,
  timedPings: 2_000,
  deliveredPings: [2_000, 20_000],
  timedTransferSeconds: 3,
  deliveredTransferSeconds: 5,
  variants: true,
  figures: FIGURES.filter((figure) => figure !== "once"),
};

/** For `--quick`: less than a minute, of which pwru's start and its pauses take the most. */
export const QUICK: Plan = {
  rounds: 1,
  deliveryRounds: 1,
  floods: 4,
  timedPings: 500,
  deliveredPings: [2_000],
  timedTransferSeconds: 1,
  deliveredTransferSeconds: 2,
  variants: false,
  figures: ["once"],
};

/** What the command line asks for: `[--quick] [FIGURE...]`, the plan's own figures unless told. */
export function readPlan(args: readonly string[]): Plan {
  const plan = args.includes("--quick") ? QUICK : FULL;
  const named = FIGURES.filter((figure) => args.includes(figure));
  return named.length > 0 ? { ...plan, figures: named } : plan;
}
