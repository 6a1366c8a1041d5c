/** Formats results as Markdown. */
import type { HostResults } from "./host/measure.ts";
import { type Goal, isMet, median, type Series } from "./series.ts";
import type { Results } from "./vm/results.ts";

/** Formats the machines, the tools, and a table with a row for each series. */
export function markdown(host: HostResults | undefined, vm: Results | undefined): string {
  const machines = [...(host ? [hostText(host)] : []), ...(vm ? [vmText(vm)] : [])];
  const series = [...(host?.series ?? []), ...(vm?.series ?? [])];
  return [...machines, seriesTable(series)].join("\n\n");
}

function hostText({ kernel, cpus, deno, load, functions }: HostResults): string {
  const [before, after] = load.map((average) => average.toFixed(2));
  return [
    `On the host: Linux ${kernel}, ${cpus} CPUs; Deno ${deno}; ${functions} functions;`,
    `load average ${before} before, ${after} after.`,
  ].join("\n");
}

function vmText({ kernel, cpus, versions, attached }: Results): string {
  const functions = Object.entries(attached).map(([tool, count]) => `${tool}: ${count}`).join(", ");
  return [
    `In the VM: Linux ${kernel}, ${cpus.join(", ")} CPUs, emulated (QEMU TCG); ${
      versions.join("; ")
    }.`,
    `Attached functions: ${functions}.`,
  ].join("\n");
}

/** Formats a table with a row for each series. */
export function seriesTable(series: readonly Series[]): string {
  const rows = [
    ["figure", "tool", "median", "min..max", "runs", "goal", "met"],
    Array(7).fill("---"),
    ...series.map(row),
  ];
  return rows.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function row(series: Series): string[] {
  const { figure, tool, unit, samples, goal } = series;
  const met = isMet(series);
  return [
    figure,
    tool,
    `${number(median(samples), unit)} ${unit}`.trim(),
    `${number(Math.min(...samples), unit)}..${number(Math.max(...samples), unit)}`,
    `${samples.length}`,
    goal ? goalText(goal, unit) : "",
    met === undefined ? "" : met ? "yes" : "no",
  ];
}

/** Formats a limit: `<= 0.3 x`. */
export function goalText({ atMost, atLeast }: Goal, unit: string): string {
  // Rounds off the noise of a calculated limit such as 1.5 * 0.26.
  const limit = (value: number) => `${Number(value.toFixed(3))} ${unit}`.trim();
  return atMost !== undefined ? `<= ${limit(atMost)}` : `>= ${limit(atLeast!)}`;
}

/** Rounds a value according to its unit. No share is rounded up to 100 %. */
export function number(value: number, unit: string): string {
  if (unit === "%") return (Math.floor(value * 100) / 100).toFixed(2);
  if (unit === "x") return value.toFixed(2);
  return unit === "" && !Number.isInteger(value) ? value.toFixed(1) : value.toFixed(0);
}
