import { availableParallelism } from "node:os";
import type { Plan } from "../plan.ts";
import { whileTracing } from "../running_tool.ts";
import { ratio, Samples, type Series } from "../series.ts";
import { ipft } from "../tools.ts";
import { floodPingOnEachCpu, MARK, OTHER_MARK, setReflection } from "../traffic.ts";

/** The guests that are booted for this figure: so many processors. */
export const CPU_COUNTS = [1, 2, 4];

/** Of each CPU in one flood. */
const PINGS = 1_000;

/**
 * What ipft delivers and what a hit costs it when all CPUs of the guest make events at once: as many
 * flood pings as CPUs, each with its socket, its softirqs and so its probe runs on a CPU of its own.
 * Answers are marked, too (`fwmark_reflect`), so that 104 of 112 probe runs are hits.
 *
 * Costs are `run_time_ns / run_cnt` of all programs, in a flood of pings that match and in one that do
 * not; the least of some floods. That time is wall time. Where the guest has more CPUs than the host,
 * a CPU is stopped now and then, within a probe as well as between probes, and everything takes
 * longer in proportion: a miss, which shares nothing with other CPUs, tells how much. It is also
 * when a lock that CPUs share shows most: if its holder is stopped, all others wait for a time slice
 * of the host.
 */
export async function measureCpus({ rounds, floods }: Plan): Promise<Series[]> {
  const samples = new Samples();
  const cpus = availableParallelism();
  const producers = { name: `${cpus} CPUs producing` };
  setReflection(true);
  for (let round = 0; round < rounds; round++) {
    const { result, account } = await whileTracing(ipft, MARK, async ({ stats }) => {
      const costs = { hit: Infinity, miss: Infinity };
      const cost = async (mark: number) => {
        const { count, timeNs } = await stats.during(() => floodPingOnEachCpu(cpus, PINGS, mark));
        return timeNs / count;
      };
      for (let flood = 0; flood < floods; flood++) {
        costs.miss = Math.min(costs.miss, await cost(OTHER_MARK));
        costs.hit = Math.min(costs.hit, await cost(MARK));
      }
      return costs;
    });
    const delivered = 100 * account.delivered / account.hits!;
    samples.add(DELIVERED, producers, "%", delivered, { atLeast: 100 });
    samples.add(HIT, producers, "ns", result.hit);
    samples.add(MISS, producers, "ns", result.miss);
    console.error(
      `cpus: ${producers.name}: ${account.delivered} of ${account.hits} hits, a hit ` +
        `${result.hit.toFixed(0)} ns, a miss ${result.miss.toFixed(0)} ns`,
    );
  }
  setReflection(false);
  return samples.all();
}

const DELIVERED = "all CPUs at once: delivered";
const HIT = "all CPUs at once: cost of a hit", MISS = "all CPUs at once: cost of a miss";

/** Adds, after the costs of each kind, the most CPUs' divided by that of one CPU. */
export function addCpuRatios(series: readonly Series[]): Series[] {
  const goals = new Map([[HIT, { atMost: 2 }], [MISS, undefined]]);
  return [...Map.groupBy(series, ({ figure }) => figure)].flatMap(([figure, guests]) => {
    if (!goals.has(figure)) return guests;
    const compared = ratio(guests.at(-1)!, guests[0], goals.get(figure));
    return [...guests, { ...compared, tool: `${CPU_COUNTS.at(-1)} / ${CPU_COUNTS[0]}` }];
  });
}
