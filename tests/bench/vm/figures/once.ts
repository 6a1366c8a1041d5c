import type { Plan } from "../../plan.ts";
import { deliveredOf } from "./flood.ts";
import { addHits, ipftIcmp, ipftPort, OF_EXPRESSION } from "./expression.ts";
import { BURST, comparedHits } from "./hit.ts";
import { addMissCosts, comparedMisses, MISS } from "./miss.ts";
import { READY, READY_GOAL } from "./ready.ts";
import { floodPings, measureStart } from "./start.ts";
import { whileTracing } from "../running_tool.ts";
import { ratio, rotated, Samples, type Series } from "../../series.ts";
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
    await addExpressions(plan, samples);
  }
  setReflection(false);
  const delivered = deliveredOf(floodPings(plan));
  return [
    ...comparedMisses(samples),
    ...comparedHits(samples),
    ...[[MISS, ipftPort] as const, [BURST, ipftIcmp] as const].flatMap(([figure, tool]) => {
      const series = samples.get(OF_EXPRESSION + figure, tool);
      return [series, ratio(series, samples.get(figure, ipft))];
    }),
    { ...samples.get(delivered, ipft), goal: { atLeast: 100 } },
    samples.get(delivered, pwru),
    ...samples.compared(READY, [ipft, pwru], READY_GOAL),
  ];
}

/** Compares ipft with itself only, which takes two starts of a second or two; pwru's take several each. */
async function addExpressions(plan: Plan, samples: Samples): Promise<void> {
  const { result: [missNs] } = await whileTracing(
    ipftPort,
    MARK,
    (running) => addMissCosts(samples, [running], plan, MARK, OF_EXPRESSION + MISS),
  );
  await addHits(ipftIcmp, plan, samples, missNs);
}
