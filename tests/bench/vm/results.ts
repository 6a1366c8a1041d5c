import type { Series } from "../series.ts";

/** All that one guest has measured, or several. */
export interface Results {
  readonly kernel: string;
  /** Of each guest. */
  readonly cpus: readonly number[];
  /** Lines that name the tools' versions. */
  readonly versions: readonly string[];
  /** To how many functions each tool attaches. */
  readonly attached: Readonly<Record<string, number>>;
  readonly series: readonly Series[];
}

/** What guests with the same kernel and tools have measured, the series of one figure together. */
export function merged(guests: readonly Results[]): Results {
  const series = guests.flatMap((guest) => guest.series);
  return {
    ...guests[0],
    cpus: [...new Set(guests.flatMap(({ cpus }) => cpus))].sort((a, b) => a - b),
    // Of the first guest that has it: there modules are loaded for the veth pair, and traced as well.
    attached: Object.assign({}, ...guests.map(({ attached }) => attached).reverse()),
    series: [...Map.groupBy(series, ({ figure }) => figure).values()].flat(),
  };
}
