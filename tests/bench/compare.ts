/** Whether a run's ratios are about what they were: a guard against regressions, not a measurement. */
import { type Goal, isMet, median, type Series } from "./series.ts";
import { goalText, number } from "./table.ts";

/** A ratio of an earlier run; less is better. */
export interface Expected {
  /** Of the series. */
  readonly figure: string;
  /** Of the series: `A / B`. */
  readonly tool: string;
  readonly ratio: number;
}

/** How one series compares. */
export interface Verdict {
  readonly figure: string;
  readonly tool: string;
  readonly unit: string;
  /** The ratio of the earlier run; undefined for a share, of which only the goal counts. */
  readonly expected?: number;
  readonly limit: Goal;
  /** NaN when it was not measured. */
  readonly measured: number;
  readonly isMet: boolean;
}

/** In quick runs beside other VMs, ratios were up to 1.4 times those of a quiet machine. */
const MARGIN = 2;

/**
 * A verdict on each expected ratio, which must not be more than `MARGIN` times as much, and on each share
 * that was measured and should be at least something (what is delivered). A ratio that was not measured
 * is not met.
 */
export function compare(series: readonly Series[], expected: readonly Expected[]): Verdict[] {
  const ratios = expected.map(({ figure, tool, ratio }) => {
    const found = series.find((each) => each.figure === figure && each.tool === tool);
    const limit = { atMost: MARGIN * ratio };
    return {
      ...verdict(found ?? { figure, tool, unit: "x", samples: [NaN] }, limit),
      expected: ratio,
    };
  });
  const shares = series.filter(({ unit, goal }) => unit === "%" && goal?.atLeast !== undefined);
  return [...ratios, ...shares.map((share) => verdict(share, share.goal!))];
}

function verdict({ figure, tool, unit, samples }: Series, limit: Goal): Verdict {
  const compared = { figure, tool, unit, samples, goal: limit };
  return { figure, tool, unit, limit, measured: median(samples), isMet: isMet(compared) ?? false };
}

/** As in `ok: ready: ipft / pwru: 0.25 x, expected 0.26 x, limit <= 0.39 x`. */
export function verdictLine(
  { figure, tool, unit, expected, limit, measured, isMet }: Verdict,
): string {
  const value = Number.isNaN(measured) ? "not measured" : `${number(measured, unit)} ${unit}`;
  const before = expected === undefined ? "" : `, expected ${number(expected, unit)} ${unit}`;
  return `${isMet ? "ok" : "NOT MET"}: ${figure}: ${tool}: ${value}${before}, limit ${
    goalText(limit, unit)
  }`;
}
