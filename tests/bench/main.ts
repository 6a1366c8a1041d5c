/**
 * Measures ipft: `deno run -A tests/bench/main.ts [--quick] [--compare] [FIGURE...]`.
 *
 * A FIGURE is measured on this machine (reader, json, dump, formatters, filling, aggregate, spill:
 * see host/measure.ts) or with ipft and other tools in a VM (miss, idle, hit, expression, follow, limit, flood,
 * transfer, ready, named, cpus, once: one file each in vm/figures/). The default is all but `once`; with `--quick`,
 * only `once`.
 *
 * Prints a Markdown table and, on the last line, the same as JSON; progress goes to stderr. With
 * `--compare`, it also compares the ratios with those of expected.json and exits with 1 when one is
 * too large.
 *
 * @module
 */
import { GuestFailure } from "../vm/run.ts";
import { IpftError } from "../../lib/base/errors.ts";
import { compare, type Expected, verdictLine } from "./compare.ts";
import expected from "./expected.json" with { type: "json" };
import { measureHost } from "./host/measure.ts";
import { readPlan } from "./plan.ts";
import type { Series } from "./series.ts";
import { markdown } from "./table.ts";
import { measureVm } from "./vm/measure.ts";

async function main(): Promise<number> {
  const plan = readPlan(Deno.args);
  const options = Deno.args.filter((arg) => arg.startsWith("--"));
  const host = plan.hostFigures.length > 0 ? await measureHost(plan) : undefined;
  const vm = plan.figures.length > 0 ? await measureVm(plan, options) : undefined;
  console.log(markdown(host, vm));
  const isAsExpected = !options.includes("--compare") || printComparison(vm?.series ?? []);
  console.log("\n" + JSON.stringify({ host, vm }));
  return isAsExpected ? 0 : 1;
}

/** Prints a line for each comparison. Returns whether all limits are met. */
function printComparison(series: readonly Series[]): boolean {
  const verdicts = compare(series, expected satisfies Expected[]);
  console.log("\n" + verdicts.map(verdictLine).join("\n"));
  if (verdicts.every(({ isMet }) => isMet)) return true;
  console.error("bench: a limit is not met; if other work may have disturbed the run, repeat it");
  return false;
}

try {
  Deno.exit(await main());
} catch (error) {
  if (!(error instanceof GuestFailure || error instanceof IpftError)) throw error;
  console.error(`bench: ${error.message}`);
  Deno.exit(1);
}
