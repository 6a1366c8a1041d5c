import type { Plan } from "../../plan.ts";
import { deliveredOf } from "./flood.ts";
import { addHitCosts, comparedHits, type HitRuns, hitsPerPing, makeHits } from "./hit.ts";
import { addMissCosts, comparedMisses } from "./miss.ts";
import { READY, READY_GOAL } from "./ready.ts";
import { whileTracing } from "../running_tool.ts";
import { ratio, rotated, Samples, type Series } from "../../series.ts";
import { type Account, empty, ipft, pwru, type Tool } from "../tools.ts";
import { MARK, OTHER_MARK, setReflection } from "../traffic.ts";

/**
 * Ready, cost of a miss, cost of a hit and delivered under flood of one start of each tool, because most
 * of the time of the other figures goes to starts. The tools look for the mark of the hits, so the
 * misses are pings with another mark; otherwise these are the figures of miss.ts, hit.ts, flood.ts and
 * ready.ts, but that the flood's answers are marked, too.
 */
export async function measureOnce(plan: Plan): Promise<Series[]> {
  const samples = new Samples();
  // ipft's second start is measured: at its first one it unpacks itself and files are not in memory yet.
  // Meanwhile the empty program gets ready, and waits.
  const isWarm = whileTracing(ipft, MARK, () => Promise.resolve());
  setReflection(true);
  for (let round = 0; round < plan.rounds; round++) {
    for (const tool of rotated([empty, ipft, pwru], round)) {
      await measure(tool, plan, samples, isWarm);
    }
  }
  setReflection(false);
  const tools = [ipft, pwru];
  const ready = tools.map((tool) => samples.get(READY, tool));
  return [
    ...comparedMisses(samples),
    ...comparedHits(samples),
    ...tools.map((tool) => samples.get(deliveredOf(floodPings(plan)), tool)),
    ...ready,
    ratio(ready[0], ready[1], READY_GOAL),
  ];
}

async function measure(
  tool: Tool,
  plan: Plan,
  samples: Samples,
  isWarm: Promise<unknown>,
): Promise<void> {
  const { result, account } = await whileTracing(tool, MARK, async (running) => {
    await isWarm;
    const [missNs] = await addMissCosts(samples, [running], plan, OTHER_MARK);
    const hits = tool === empty
      ? undefined
      : await makeHits(running, plan.floods, floodPings(plan));
    await running.settle();
    return { readyMs: running.readyMs, missNs, hits };
  });
  const { readyMs, missNs, hits } = result;
  if (!hits) return;
  samples.add(READY, tool, "ms", readyMs);
  console.error(`ready: ${tool.name}: ${readyMs.toFixed(0)} ms`);
  addHitCosts(samples, tool, hits, account, missNs);
  samples.add(
    deliveredOf(hits.floodPings),
    tool,
    "%",
    100 * deliveredShare(hits, account),
    tool.written ? undefined : { atLeast: 100 },
  );
}

function floodPings({ deliveredPings }: Plan): number {
  return deliveredPings[0];
}

/** Of the flood; what a tool that counts its hits tells is of the bursts before it, too. */
function deliveredShare(runs: HitRuns, account: Account): number {
  if (account.hits !== undefined) return account.delivered / account.hits;
  const before = runs.slowEvents! + runs.burstEvents;
  return (account.delivered - before) / (runs.floodPings * hitsPerPing(runs, account));
}
