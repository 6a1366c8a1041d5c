/**
 * Runs in the guest: `deno run -A tests/bench/vm/guest.ts [--quick] [FIGURE...]`. Progress goes to stderr, the
 * results to stdout as one line of JSON.
 *
 * @module
 */
import { measureFlood } from "./figures/flood.ts";
import { measureHit } from "./figures/hit.ts";
import { measureIdle } from "./figures/idle.ts";
import { measureReady } from "./figures/ready.ts";
import { measureTransfer } from "./figures/transfer.ts";
import { type Figure, FIGURES, FULL, type Plan, QUICK } from "./plan.ts";
import type { Results } from "./results.ts";
import { attachedFunctions } from "./running_tool.ts";
import type { Series } from "./series.ts";
import { shell } from "./shell.ts";
import { VethPair } from "./traffic.ts";

const { plan, figures } = readArguments(Deno.args);
const isWanted = (figure: Figure) => figures.includes(figure);

await using veth = await VethPair.make();
const series: Series[] = [];
// The cost of a hit is calculated with that of a miss.
if (isWanted("idle") || isWanted("hit")) series.push(...await measureIdle(plan, veth));
if (isWanted("hit")) series.push(...await measureHit(plan, series));
if (isWanted("flood")) series.push(...await measureFlood(plan));
if (isWanted("transfer")) series.push(...await measureTransfer(plan, veth));
if (isWanted("ready")) series.push(...await measureReady(plan));

const results: Results = {
  kernel: Deno.osRelease(),
  cpus: navigator.hardwareConcurrency,
  versions: (await shell("./ipft --version; cat /mnt/extras/versions")).trim().split("\n"),
  attached: attachedFunctions,
  series,
};
console.error(`measured in ${(performance.now() / 1000).toFixed(0)} s`);
console.log(JSON.stringify(results));

function readArguments(args: readonly string[]): { plan: Plan; figures: readonly Figure[] } {
  const plan = args.includes("--quick") ? QUICK : FULL;
  const named = FIGURES.filter((figure) => args.includes(figure));
  return { plan, figures: named.length > 0 ? named : plan.figures };
}
