import type { Plan } from "../../plan.ts";
import { deliveredOf } from "./flood.ts";
import { addHitCosts, type HitRuns, hitsPerPing, makeHits } from "./hit.ts";
import { addMissCosts } from "./miss.ts";
import { READY, STOP } from "./ready.ts";
import { whileTracing } from "../running_tool.ts";
import type { Samples } from "../../series.ts";
import { type Account, empty, type Tool } from "../tools.ts";
import { MARK, OTHER_MARK } from "../traffic.ts";

/**
 * Measures the time until ready, the cost of a miss and of a hit, the share delivered under flood, and the
 * time to stop, all with one start of a tool. These are the figures of miss.ts, hit.ts, flood.ts and
 * ready.ts, except that the misses are pings with another mark, because the tool looks for that of the
 * hits, and that the answers of the flood are marked, which the caller switches on.
 *
 * @param isQuiet a promise to wait for when the tool is ready
 */
export async function measureStart(
  tool: Tool,
  plan: Plan,
  samples: Samples,
  isQuiet?: Promise<unknown>,
): Promise<void> {
  const { result, account, stopMs } = await whileTracing(tool, MARK, async (running) => {
    await isQuiet;
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
  samples.add(STOP, tool, "ms", stopMs);
  console.error(`ready: ${tool.name}: ${readyMs.toFixed(0)} ms, stop ${stopMs.toFixed(0)} ms`);
  addHitCosts(samples, tool, hits, account, missNs);
  const delivered = deliveredShare(hits, account);
  samples.add(deliveredOf(hits.floodPings), tool, "%", 100 * delivered);
}

/** Returns the number of pings of the flood. */
export function floodPings({ deliveredPings }: Plan): number {
  return deliveredPings[0];
}

/** Returns the share of the flood; for a tool that counts its hits, that of the bursts before it as well. */
function deliveredShare(runs: HitRuns, account: Account): number {
  if (account.hits !== undefined) return account.delivered / account.hits;
  const before = runs.slowEvents! + runs.burstEvents;
  return (account.delivered - before) / (runs.floodPings * hitsPerPing(runs, account));
}
