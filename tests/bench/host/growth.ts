/** Whether a figure grows in proportion to the events. */
import { ratio, type Series } from "../series.ts";

/** How often as many events as the least. */
export const FACTORS = [1, 2, 4, 8];

/** What a series of times per event is called, for `addGrowth` to find. */
export const TIME_PER_EVENT = "time per event";

/** Adds, after the times per event of each figure, that at 8 x the events divided by that at 1 x. */
export function addGrowth(series: readonly Series[]): Series[] {
  const times = series.filter(({ figure }) => figure.endsWith(TIME_PER_EVENT));
  const growth = [...Map.groupBy(times, ({ figure }) => figure).values()].map((sizes) => ({
    ...ratio(sizes.at(-1)!, sizes[0], { atMost: 1.3 }),
    tool: `${FACTORS.at(-1)} x / 1 x`,
  }));
  return [...series, ...growth];
}
