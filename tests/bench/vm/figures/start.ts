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
 * Adds ready, cost of a miss, cost of a hit, delivered under flood and stop, all of one start of a tool.
 * The tool looks for the mark of the hits, so the misses are pings with another mark; otherwise these
 * are the figures of miss.ts, hit.ts, flood.ts and ready.ts, but that the flood's answers are marked,
 * too (which is the caller's to switch on).
 *
 * @param isQuiet what to wait for when the tool is ready
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

/** How many pings the flood has. */
export function floodPings({ deliveredPings }: Plan): number {
  return deliveredPings[0];
}

/** Of the flood; what a tool that counts its hits tells is of the bursts before it, too. */
function deliveredShare(runs: HitRuns, account: Account): number {
  if (account.hits !== undefined) return account.delivered / account.hits;
  const before = runs.slowEvents! + runs.burstEvents;
  return (account.delivered - before) / (runs.floodPings * hitsPerPing(runs, account));
}
