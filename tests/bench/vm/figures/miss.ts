/**
 * Cost of a miss: `run_time_ns / run_cnt` of all of a tool's programs during flood pings that it does not
 * look for, with `kernel.bpf_stats_enabled`; the least of some floods, because other work can only add
 * to it.
 */
import type { Plan } from "../plan.ts";
import type { RunningTool } from "../running_tool.ts";
import { ratio, type Samples, type Series } from "../series.ts";
import { empty, ipft, pwru, type Tool } from "../tools.ts";
import { floodPing } from "../traffic.ts";

export const MISS = "cost of a miss", RUNS = "probe runs per ping";

/**
 * Adds one sample, which it also returns, in ns.
 *
 * @param mark the pings' mark: not the one that the tool looks for
 */
export async function measureMiss(
  { tool, stats }: RunningTool,
  { floods, timedPings }: Plan,
  mark: number,
  samples: Samples,
): Promise<number> {
  const costs: number[] = [];
  let runs = 0;
  for (let flood = 0; flood < floods; flood++) {
    const { count, timeNs } = await stats.during(() => floodPing(timedPings, mark));
    costs.push(timeNs / count);
    runs += count;
  }
  const cost = Math.min(...costs);
  samples.add(MISS, tool, "ns", cost);
  samples.add(RUNS, tool, "", runs / (floods * timedPings));
  console.error(`miss: ${tool.name}: ${cost.toFixed(0)} ns`);
  return cost;
}

/** The tools' costs, and ipft's in relation to the others'. */
export function comparedMisses(samples: Samples): Series[] {
  const miss = (tool: Tool) => samples.get(MISS, tool);
  return [
    ...[empty, ipft, pwru].map(miss),
    ratio(miss(ipft), miss(pwru), { atMost: 0.3 }),
    ratio(miss(ipft), miss(empty), { atMost: 1.3 }),
  ];
}
