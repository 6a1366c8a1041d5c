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
  /** Repetitions of figures on the host. */
  readonly hostRounds: number;
  /** Repetitions on the host of what takes a minute. */
  readonly longHostRounds: number;
  /** Which figures on the host. */
  readonly hostFigures: readonly HostFigure[];
  /** Which files of vm/figures/. */
  readonly figures: readonly Figure[];
}

export const HOST_FIGURES = [
  "reader",
  "json",
  "dump",
  "formatters",
  "filling",
  "aggregate",
] as const;

export type HostFigure = typeof HOST_FIGURES[number];

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
  hostRounds: 7,
  longHostRounds: 3,
  hostFigures: HOST_FIGURES,
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
  hostRounds: 3,
  longHostRounds: 1,
  hostFigures: [],
  figures: ["once"],
};

/** What the command line asks for: `[--quick] [FIGURE...]`, the plan's own figures unless told. */
export function readPlan(args: readonly string[]): Plan {
  const plan = args.includes("--quick") ? QUICK : FULL;
  const isNamed = (figure: string) => args.includes(figure);
  const hostFigures = HOST_FIGURES.filter(isNamed), figures = FIGURES.filter(isNamed);
  return hostFigures.length + figures.length > 0 ? { ...plan, hostFigures, figures } : plan;
}
