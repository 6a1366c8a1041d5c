/** What to measure, and how often. */
export interface Plan {
  /** Repetitions of figures that are times. */
  readonly rounds: number;
  /** Repetitions of figures that are shares of events. */
  readonly deliveryRounds: number;
  /** Timed floods within one trace: other work may disturb one of them. */
  readonly floods: number;
  /** Packets of a timed flood. */
  readonly timedPings: number;
  /** Packets of each flood whose delivery is measured. */
  readonly deliveredPings: readonly number[];
  /** Duration of a transfer whose rate is measured. */
  readonly timedTransferSeconds: number;
  /** Duration of a transfer whose delivery is measured. */
  readonly deliveredTransferSeconds: number;
  /** Whether to measure the tools also with options that no goal is about. */
  readonly variants: boolean;
  /** Repetitions of figures on the host. */
  readonly hostRounds: number;
  /** Repetitions of figures on the host that take a minute. */
  readonly longHostRounds: number;
  /** Figures to measure on the host. */
  readonly hostFigures: readonly HostFigure[];
  /** Figures to measure in a VM, by the names of the files in vm/figures/. */
  readonly figures: readonly Figure[];
}

export const HOST_FIGURES = [
  "reader",
  "json",
  "dump",
  "formatters",
  "filling",
  "aggregate",
  "spill",
] as const;

export type HostFigure = typeof HOST_FIGURES[number];

export const FIGURES = [
  "miss",
  "idle",
  "hit",
  "expression",
  "follow",
  "limit",
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
  hostRounds: 7,
  longHostRounds: 3,
  hostFigures: HOST_FIGURES,
  figures: FIGURES.filter((figure) => figure !== "once"),
};

/** The plan of `--quick`: a minute or two, most of which goes to pwru's start and its pauses. */
export const QUICK: Plan = {
  rounds: 1,
  deliveryRounds: 1,
  floods: 4,
  timedPings: 500,
  deliveredPings: [2_000],
  timedTransferSeconds: 1,
  deliveredTransferSeconds: 2,
  variants: false,
  hostRounds: 3,
  longHostRounds: 1,
  hostFigures: [],
  figures: ["once"],
};

/** Returns the plan for the arguments `[--quick] [FIGURE...]`; without figures, those of the plan. */
export function readPlan(args: readonly string[]): Plan {
  const plan = args.includes("--quick") ? QUICK : FULL;
  const isNamed = (figure: string) => args.includes(figure);
  const hostFigures = HOST_FIGURES.filter(isNamed), figures = FIGURES.filter(isNamed);
  return hostFigures.length + figures.length > 0 ? { ...plan, hostFigures, figures } : plan;
}
