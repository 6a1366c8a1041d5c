import type { Series } from "../series.ts";

/** The results of one guest or of several. */
export interface Results {
  readonly kernel: string;
  /** The number of CPUs of each guest. */
  readonly cpus: readonly number[];
  /** Lines that name the tools' versions. */
  readonly versions: readonly string[];
  /** The number of functions that each tool attaches to. */
  readonly attached: Readonly<Record<string, number>>;
  readonly series: readonly Series[];
}

/** Merges the results of guests with the same kernel and tools, and groups their series by figure. */
export function merged(guests: readonly Results[]): Results {
  const series = guests.flatMap((guest) => guest.series);
  return {
    ...guests[0],
    cpus: [...new Set(guests.flatMap(({ cpus }) => cpus))].sort((a, b) => a - b),
    // The first guest that has a tool counts: its veth pair has loaded modules, which are traced as well.
    attached: Object.assign({}, ...guests.map(({ attached }) => attached).reverse()),
    series: [...Map.groupBy(series, ({ figure }) => figure).values()].flat(),
  };
}
