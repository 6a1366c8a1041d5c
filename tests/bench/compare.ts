/** Compares a run with an earlier one: a guard against regressions, not a measurement. */
import { type Goal, isMet, median, type Series } from "./series.ts";
import { goalText, number } from "./table.ts";

/** A ratio of an earlier run; less is better. */
export interface Expected {
  /** The figure of the series. */
  readonly figure: string;
  /** The tools of the series: `A / B`. */
  readonly tool: string;
  readonly ratio: number;
}

/** The result of comparing one series. */
export interface Verdict {
  readonly figure: string;
  readonly tool: string;
  readonly unit: string;
  /** The ratio of the earlier run; undefined for a share, which is held to its goal only. */
  readonly expected?: number;
  readonly limit: Goal;
  /** The median; NaN when nothing was measured. */
  readonly measured: number;
  readonly isMet: boolean;
}

/** Beside other VMs, quick runs had ratios of up to 1.4 times those of a quiet machine. */
const MARGIN = 2;

/**
 * Returns a verdict on each expected ratio, which must be at most `MARGIN` times the earlier one, and on
 * each measured share that has a lower limit (events delivered). A ratio that was not measured is not met.
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

/** Formats a verdict: `ok: ready: ipft / pwru: 0.25 x, expected 0.26 x, limit <= 0.39 x`. */
export function verdictLine(
  { figure, tool, unit, expected, limit, measured, isMet }: Verdict,
): string {
  const value = Number.isNaN(measured) ? "not measured" : `${number(measured, unit)} ${unit}`;
  const before = expected === undefined ? "" : `, expected ${number(expected, unit)} ${unit}`;
  return `${isMet ? "ok" : "NOT MET"}: ${figure}: ${tool}: ${value}${before}, limit ${
    goalText(limit, unit)
  }`;
}
