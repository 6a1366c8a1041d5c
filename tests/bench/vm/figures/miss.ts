/**
 * Measures the cost of a miss: the `run_time_ns / run_cnt` of all programs of a tool during flood pings that
 * it does not look for, with `kernel.bpf_stats_enabled`. The least of several floods counts, because other
 * work can only add to it.
 */
import { runsDuring } from "../bpf_stats.ts";
import type { Plan } from "../../plan.ts";
import { RunningTool } from "../running_tool.ts";
import { ratio, Samples, type Series } from "../../series.ts";
import { empty, ipft, pwru, type Tool } from "../tools.ts";
import { floodPing, MARK, OTHER_MARK } from "../traffic.ts";

export const MISS = "cost of a miss";
const RUNS = "probe runs per ping";

/**
 * Measures all tools at once, attached to the same functions and run by the same packets, so that whatever
 * slows down the machine slows down all of them.
 */
export async function measureMiss(plan: Plan): Promise<Series[]> {
  const samples = new Samples();
  await using running = new AsyncDisposableStack();
  const tools: RunningTool[] = [];
  for (const tool of TOOLS) tools.push(running.use(await RunningTool.start(tool, OTHER_MARK)));
  for (let round = 0; round < plan.rounds; round++) {
    await addMissCosts(samples, tools, plan, MARK);
  }
  for (const tool of tools) await tool.stop();
  return [...comparedMisses(samples), ...TOOLS.map((tool) => samples.get(RUNS, tool))];
}

const TOOLS = [empty, ipft, pwru];

/**
 * Adds a sample for each tool. Returns these samples, in ns.
 *
 * @param mark the mark of the pings, which is not the one that the tools look for
 * @param figure the name of the figure
 */
export async function addMissCosts(
  samples: Samples,
  tools: readonly RunningTool[],
  { floods, timedPings }: Plan,
  mark: number,
  figure = MISS,
): Promise<number[]> {
  const stats = tools.map(({ stats }) => stats);
  const least = tools.map(() => Infinity);
  const runs = tools.map(() => 0);
  for (let flood = 0; flood < floods; flood++) {
    const counted = await runsDuring(stats, () => floodPing(timedPings, mark));
    counted.forEach(({ count, timeNs }, i) => {
      least[i] = Math.min(least[i], timeNs / count);
      runs[i] += count;
    });
  }
  tools.forEach(({ tool }, i) => {
    samples.add(figure, tool, "ns", least[i]);
    samples.add(RUNS, tool, "", runs[i] / (floods * timedPings));
    console.error(`miss: ${tool.name}: ${least[i].toFixed(0)} ns`);
  });
  return least;
}

/** Returns the costs of the tools, and the ratios of ipft's to the others'. */
export function comparedMisses(samples: Samples): Series[] {
  const miss = (tool: Tool) => samples.get(MISS, tool);
  return [
    ...TOOLS.map(miss),
    ratio(miss(ipft), miss(pwru), { atMost: 0.3 }),
    ratio(miss(ipft), miss(empty), { atMost: 1.3 }),
  ];
}
