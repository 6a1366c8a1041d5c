/** Parts of ipft on this machine. Needs root (BPF), clang and the kernel's BTF. */
import type { HostFigure, Plan } from "../plan.ts";
import { Samples, type Series } from "../series.ts";
import { measureAggregate, measureSpill } from "./aggregate.ts";
import { kernelFunctions } from "./functions.ts";
import { fillingRatios, measureFilling } from "./filling.ts";
import { measureFormatters } from "./formatters.ts";
import { addGrowth } from "./growth.ts";
import { measureJson, measureLua, measureReader } from "./ring.ts";

/** All that was measured on this machine. */
export interface HostResults {
  readonly kernel: string;
  readonly cpus: number;
  readonly deno: string;
  /** Of the last minute, before and after. */
  readonly load: readonly [number, number];
  /** Names in the table of functions. */
  readonly functions: number;
  readonly series: readonly Series[];
}

export async function measureHost(plan: Plan): Promise<HostResults> {
  const { hostRounds, longHostRounds, hostFigures } = plan;
  const samples = new Samples();
  const functions = kernelFunctions();
  const measures: Record<HostFigure, () => Promise<void>> = {
    reader: () => measureReader(samples, functions, hostRounds),
    json: () => measureJson(samples, functions, hostRounds),
    dump: () => measureLua(samples, functions, hostRounds),
    formatters: () => measureFormatters(samples, hostRounds),
    filling: () => measureFilling(samples, hostRounds),
    aggregate: () => measureAggregate(samples, longHostRounds),
    spill: () => measureSpill(samples),
  };
  const [loadBefore] = Deno.loadavg();
  for (const figure of hostFigures) {
    console.error(`host: ${figure}`);
    await measures[figure]();
  }
  const [loadAfter] = Deno.loadavg();
  const ratios = hostFigures.includes("filling") ? fillingRatios(samples) : [];
  return {
    kernel: Deno.osRelease(),
    cpus: navigator.hardwareConcurrency,
    deno: Deno.version.deno,
    load: [loadBefore, loadAfter],
    functions: functions.length,
    series: [...addGrowth(samples.all()), ...ratios],
  };
}
