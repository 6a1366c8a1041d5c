/**
 * Runs in the guest: `deno run -A tests/bench/vm/guest.ts [--quick] [FIGURE...]`. Progress goes to stderr,
 * the results go to stdout as one line of JSON.
 *
 * @module
 */
import { measureCpus } from "./figures/cpus.ts";
import { measureExpression } from "./figures/expression.ts";
import { measureFlood } from "./figures/flood.ts";
import { measureFollow } from "./figures/follow.ts";
import { measureHit } from "./figures/hit.ts";
import { measureIdle } from "./figures/idle.ts";
import { measureLimit } from "./figures/limit.ts";
import { measureMiss } from "./figures/miss.ts";
import { measureNamed } from "./figures/named.ts";
import { measureOnce } from "./figures/once.ts";
import { measureReady } from "./figures/ready.ts";
import { measureTransfer } from "./figures/transfer.ts";
import { type Figure, readPlan } from "../plan.ts";
import type { Results } from "./results.ts";
import { attachedFunctions } from "./running_tool.ts";
import type { Series } from "../series.ts";
import { shell } from "./shell.ts";

const plan = readPlan(Deno.args);
const isWanted = (figure: Figure) => plan.figures.includes(figure);

const series: Series[] = [];
if (isWanted("once")) series.push(...await measureOnce(plan));
// The cost of a hit is calculated from that of a miss.
if (isWanted("miss") || isWanted("hit")) series.push(...await measureMiss(plan));
if (isWanted("idle")) series.push(...await measureIdle(plan));
if (isWanted("hit")) series.push(...await measureHit(plan, series));
if (isWanted("expression")) series.push(...await measureExpression(plan));
if (isWanted("follow")) series.push(...await measureFollow(plan));
if (isWanted("limit")) series.push(...await measureLimit(plan));
if (isWanted("flood")) series.push(...await measureFlood(plan));
if (isWanted("transfer")) series.push(...await measureTransfer(plan));
if (isWanted("ready")) series.push(...await measureReady(plan));
if (isWanted("named")) series.push(...await measureNamed(plan));
if (isWanted("cpus")) series.push(...await measureCpus(plan));

const results: Results = {
  kernel: Deno.osRelease(),
  cpus: [navigator.hardwareConcurrency],
  versions: (await shell("./ipft --version; cat /mnt/extras/*.version")).trim().split("\n"),
  attached: attachedFunctions,
  series,
};
console.error(`measured in ${(performance.now() / 1000).toFixed(0)} s`);
console.log(JSON.stringify(results));
