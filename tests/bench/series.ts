/** Samples of one figure of one tool, and what is derived from them. */

/** The limits of a figure. */
export interface Goal {
  readonly atMost?: number;
  readonly atLeast?: number;
}

/** One figure of one tool, or of one tool compared with another, measured once in each round. */
export interface Series {
  readonly figure: string;
  readonly tool: string;
  readonly unit: string;
  readonly samples: readonly number[];
  readonly goal?: Goal;
}

export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Divides each sample of `a` by the sample of `b` from the same round. */
export function ratio(a: Series, b: Series, goal?: Goal): Series {
  return {
    figure: a.figure,
    tool: `${a.tool} / ${b.tool}`,
    unit: "x",
    samples: a.samples.map((sample, round) => sample / b.samples[round]),
    goal,
  };
}

/** Subtracts the sample of `b` from that of `a` of the same round. */
export function difference(a: Series, b: Series, goal?: Goal): Series {
  return {
    figure: a.figure,
    tool: `${a.tool} - ${b.tool}`,
    unit: a.unit,
    samples: a.samples.map((sample, round) => sample - b.samples[round]),
    goal,
  };
}

/** Reports whether the median meets the goal; undefined without a goal or when nothing was measured. */
export function isMet({ samples, goal }: Series): boolean | undefined {
  if (!goal) return undefined;
  const value = median(samples);
  if (Number.isNaN(value)) return undefined;
  return value <= (goal.atMost ?? Infinity) && value >= (goal.atLeast ?? -Infinity);
}

/** Collects samples by figure and tool, in order of arrival. */
export class Samples {
  readonly #series: (Series & { readonly samples: number[] })[] = [];

  add(figure: string, { name: tool }: Named, unit: string, sample: number, goal?: Goal): void {
    const series = this.#find(figure, tool);
    if (series) series.samples.push(sample);
    else this.#series.push({ figure, tool, unit, samples: [sample], goal });
  }

  get(figure: string, tool: Named): Series {
    const series = this.#find(figure, tool.name);
    if (!series) throw new Error(`nothing was measured of ${figure} with ${tool.name}`);
    return series;
  }

  /** Returns the series of a figure for these tools, and the ratios of the first to each of the others. */
  compared(figure: string, tools: readonly Named[], goal?: Goal): Series[] {
    const [first, ...others] = tools.map((tool) => this.get(figure, tool));
    return [first, ...others, ...others.map((other) => ratio(first, other, goal))];
  }

  /** Returns all series, grouped by figure. */
  all(): Series[] {
    return [...Map.groupBy(this.#series, ({ figure }) => figure).values()].flat();
  }

  #find(figure: string, tool: string) {
    return this.#series.find((each) => each.figure === figure && each.tool === tool);
  }
}

/** A tool, or something that tools are compared with. */
interface Named {
  readonly name: string;
}

/** Rotates the items, so that in each round another one comes first. */
export function rotated<T>(items: readonly T[], round: number): T[] {
  const first = round % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}
