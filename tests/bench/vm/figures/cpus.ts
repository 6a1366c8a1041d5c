import { availableParallelism } from "node:os";
import type { Plan } from "../../plan.ts";
import { type RunningTool, whileTracing } from "../running_tool.ts";
import { ratio, Samples, type Series } from "../../series.ts";
import { ipft } from "../tools.ts";
import { floodPingOnEachCpu, MARK, OTHER_MARK, setReflection } from "../traffic.ts";

/** The guests that are booted for this figure: so many processors. */
export const CPU_COUNTS = [1, 2, 4];

/** Of each CPU in one flood. */
const PINGS = 1_000;
/** Of each kind in a round. */
const FLOODS = 5;

/**
 * What ipft delivers and what a hit costs it when all CPUs of the guest make events at once: as many
 * flood pings as CPUs, each with its socket, its softirqs and so its probe runs on a CPU of its own.
 * Answers are marked, too (`fwmark_reflect`), so that nearly all probe runs are hits.
 *
 * Costs are `run_time_ns / run_cnt` of all programs, in floods of pings that match and in floods of
 * others; the least of each kind. That time is wall time. Where the guest has more CPUs than the host,
 * a CPU is stopped now and then, within a probe as well as between probes, and all code takes longer
 * in proportion. How much is told by a miss, which shares nothing with other CPUs; so a hit is
 * divided by the miss of the same round. This is also when a lock that CPUs share shows most: while
 * its holder is stopped, the others wait for a time slice of the host.
 */
export async function measureCpus({ deliveryRounds }: Plan): Promise<Series[]> {
  const samples = new Samples();
  const cpus = availableParallelism();
  const producers = { name: cpus === 1 ? "1 CPU" : `${cpus} CPUs` };
  setReflection(true);
  for (let round = 0; round < deliveryRounds; round++) {
    const { result, account } = await whileTracing(
      ipft,
      MARK,
      (running) => measureCosts(running, cpus),
    );
    const { hitNs, missNs } = result;
    const delivered = 100 * account.delivered / account.hits!;
    samples.add(DELIVERED, producers, "%", delivered, { atLeast: 100 });
    samples.add(HIT, producers, "ns", hitNs);
    samples.add(MISS, producers, "ns", missNs);
    samples.add(HIT_IN_MISSES, producers, "x", hitNs / missNs);
    console.error(
      `cpus: ${producers.name}: ${account.delivered} of ${account.hits} hits, a hit ` +
        `${hitNs.toFixed(0)} ns, a miss ${missNs.toFixed(0)} ns`,
    );
  }
  setReflection(false);
  return samples.all();
}

const DELIVERED = "CPUs producing: delivered";
const HIT = "CPUs producing: cost of a hit", MISS = "CPUs producing: cost of a miss";
const HIT_IN_MISSES = "CPUs producing: cost of a hit / of a miss";

async function measureCosts({ stats }: RunningTool, cpus: number) {
  const leastCost = async (mark: number) => {
    const costs: number[] = [];
    for (let flood = 0; flood < FLOODS; flood++) {
      const { count, timeNs } = await stats.during(() => floodPingOnEachCpu(cpus, PINGS, mark));
      costs.push(timeNs / count);
    }
    return Math.min(...costs);
  };
  // Misses first: after hits, ipft is still at work.
  return { missNs: await leastCost(OTHER_MARK), hitNs: await leastCost(MARK) };
}

/** Adds, after the costs of each kind, those with more CPUs divided by that with one. */
export function addCpuRatios(series: readonly Series[]): Series[] {
  const goals = new Map([[HIT, undefined], [MISS, undefined], [HIT_IN_MISSES, { atMost: 2 }]]);
  return [...Map.groupBy(series, ({ figure }) => figure)].flatMap(([figure, guests]) => {
    if (!goals.has(figure)) return guests;
    const [one, ...more] = guests;
    return [...guests, ...more.map((each) => ratio(each, one, goals.get(figure)))];
  });
}
