import { availableParallelism } from "node:os";
import type { Plan } from "../../plan.ts";
import { type RunningTool, whileTracing } from "../running_tool.ts";
import { ratio, Samples, type Series } from "../../series.ts";
import { ipft } from "../tools.ts";
import { floodPingOnEachCpu, MARK, OTHER_MARK, setReflection } from "../traffic.ts";

/** The number of processors of each guest that is booted for this figure. */
export const CPU_COUNTS = [1, 2, 4];

/** Pings of each CPU in one flood. */
const PINGS = 1_000;
/** Floods of each kind in a round. */
const FLOODS = 5;

/**
 * Measures what ipft delivers, and the cost of a hit, when all CPUs of the guest make events at once. There
 * are as many flood pings as CPUs; each has its socket and its softirqs, and so its probe runs, on a CPU
 * of its own. Answers are marked as well (`fwmark_reflect`), so nearly all probe runs are hits.
 *
 * A cost is the `run_time_ns / run_cnt` of all programs, in floods of pings that match and in floods of
 * others: the least of each kind. It is wall time. When the guest has more CPUs than the host, a CPU is
 * stopped now and then, in a probe or between probes, and all code takes longer in proportion. A miss, which
 * shares nothing with other CPUs, shows how much longer; so a hit is divided by the miss of the same
 * round. Such a guest also exposes a lock that CPUs share: while its holder is stopped, the others wait for
 * a time slice of the host.
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
  // Misses first: after hits, ipft is still busy.
  return { missNs: await leastCost(OTHER_MARK), hitNs: await leastCost(MARK) };
}

/** Adds, after the costs of each kind, the ratios of those on several CPUs to that on one. */
export function addCpuRatios(series: readonly Series[]): Series[] {
  const goals = new Map([[HIT, undefined], [MISS, undefined], [HIT_IN_MISSES, { atMost: 2 }]]);
  return [...Map.groupBy(series, ({ figure }) => figure)].flatMap(([figure, guests]) => {
    if (!goals.has(figure)) return guests;
    const [one, ...more] = guests;
    return [...guests, ...more.map((each) => ratio(each, one, goals.get(figure)))];
  });
}
