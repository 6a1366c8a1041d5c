import type { Plan } from "../../plan.ts";
import { addHitCosts, BURST, BURST_PINGS, makeHits } from "./hit.ts";
import { addMissCosts } from "./miss.ts";
import { whileTracing } from "../running_tool.ts";
import { ratio, rotated, Samples, type Series } from "../../series.ts";
import { empty, filled, ipft, submit, type Tool } from "../tools.ts";
import { floodPing, MARK, OTHER_MARK, setReflection } from "../traffic.ts";

/** What the names of the figures begin with. */
const OF_LIMIT = "limit: ";

/**
 * Measures a hit in bursts, by mark and without sections, beside programs of which every run is a hit: one only
 * reserves and submits a record of the same size, one also fills it, one does nothing.
 */
export async function measureLimit(plan: Plan): Promise<Series[]> {
  const samples = new Samples();
  setReflection(true);
  for (let round = 0; round < plan.rounds; round++) {
    for (const tool of rotated([ipft, ...BARE], round)) {
      if (tool === ipft) await addHit(plan, samples);
      else await addRuns(tool, plan, samples);
    }
  }
  setReflection(false);
  const hit = (tool: Tool) => samples.get(OF_LIMIT + BURST, tool);
  return [
    ...[ipft, ...BARE].map(hit),
    ratio(hit(ipft), hit(submit), { atMost: 1.3 }),
    ratio(hit(ipft), hit(filled)),
  ];
}

const BARE = [submit, filled, empty];

async function addHit(plan: Plan, samples: Samples): Promise<void> {
  const { result, account } = await whileTracing(ipft, MARK, async (running) => {
    const [missNs] = await addMissCosts(new Samples(), [running], plan, OTHER_MARK);
    return { missNs, runs: await makeHits(running, plan.floods, plan.timedPings) };
  });
  addHitCosts(samples, ipft, result.runs, account, result.missNs, OF_LIMIT);
}

/** The least of several bursts, as in hit.ts. */
async function addRuns(tool: Tool, { floods }: Plan, samples: Samples): Promise<void> {
  const { result: leastNs } = await whileTracing(tool, MARK, async ({ stats }) => {
    let least = Infinity;
    for (let burst = 0; burst < floods; burst++) {
      const { count, timeNs } = await stats.during(() => floodPing(BURST_PINGS));
      least = Math.min(least, timeNs / count);
    }
    return least;
  });
  samples.add(OF_LIMIT + BURST, tool, "ns", leastNs);
  console.error(`limit: ${tool.name}: ${leastNs.toFixed(0)} ns`);
}
