/**
 * Measures parts of ipft on this machine: `deno run -A tests/bench/host/main.ts [--quick]`. Needs root
 * (BPF), tests/unit/ring_filler.bpf.o, clang and the kernel's BTF.
 *
 * Prints a Markdown table and, on the last line, the same as JSON; progress goes to stderr.
 *
 * @module
 */
import { Samples } from "../vm/series.ts";
import { seriesTable } from "../vm/table.ts";
import { measureAggregate } from "./aggregate.ts";
import { kernelFunctions } from "./functions.ts";
import { fillingRatios, measureFilling } from "./filling.ts";
import { measureFormatters } from "./formatters.ts";
import { addGrowth } from "./growth.ts";
import { measureJson, measureLua, measureReader } from "./ring.ts";

const isQuick = Deno.args.includes("--quick");
const rounds = isQuick ? 3 : 7;
const samples = new Samples();
const functions = kernelFunctions();
const load = [Deno.loadavg()];

for (const measure of [measureReader, measureJson, measureLua, measureFormatters]) {
  console.error(`bench-host: ${measure.name}`);
  await measure(samples, functions, rounds);
}
console.error("bench-host: measureFilling");
await measureFilling(samples, rounds);
console.error("bench-host: measureAggregate");
await measureAggregate(samples, isQuick ? 1 : 3);
load.push(Deno.loadavg());

const kernel = Deno.osRelease(), cpus = navigator.hardwareConcurrency;
const series = [...addGrowth(samples.all()), ...fillingRatios(samples)];
const [before, after] = load.map((averages) => averages[0].toFixed(2));
console.log(`Linux ${kernel}, ${cpus} CPUs; Deno ${Deno.version.deno}; load average \
${before} before, ${after} after; ${functions.length} functions.\n`);
console.log(seriesTable(series));
console.log("\n" + JSON.stringify({ kernel, cpus, load, functions: functions.length, series }));
