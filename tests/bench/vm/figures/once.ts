import type { Plan } from "../../plan.ts";
import { deliveredOf } from "./flood.ts";
import { comparedHits } from "./hit.ts";
import { comparedMisses } from "./miss.ts";
import { READY, READY_GOAL } from "./ready.ts";
import { floodPings, measureStart } from "./start.ts";
import { whileTracing } from "../running_tool.ts";
import { rotated, Samples, type Series } from "../../series.ts";
import { empty, ipft, pwru } from "../tools.ts";
import { MARK, setReflection } from "../traffic.ts";

/** Measures all figures of start.ts with one start of each tool: starts take most of the time of a benchmark. */
export async function measureOnce(plan: Plan): Promise<Series[]> {
  const samples = new Samples();
  // The second start of ipft is measured: at the first it unpacks itself, and files are not in memory yet.
  // Meanwhile the empty program gets ready and waits.
  const isWarm = whileTracing(ipft, MARK, () => Promise.resolve());
  setReflection(true);
  for (let round = 0; round < plan.rounds; round++) {
    for (const tool of rotated([empty, ipft, pwru], round)) {
      await measureStart(tool, plan, samples, isWarm);
    }
  }
  setReflection(false);
  const delivered = deliveredOf(floodPings(plan));
  return [
    ...comparedMisses(samples),
    ...comparedHits(samples),
    { ...samples.get(delivered, ipft), goal: { atLeast: 100 } },
    samples.get(delivered, pwru),
    ...samples.compared(READY, [ipft, pwru], READY_GOAL),
  ];
}
