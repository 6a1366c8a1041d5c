import type { Runs } from "../bpf_stats.ts";
import type { Plan } from "../plan.ts";
import { MISS } from "./idle.ts";
import { whileTracing } from "../running_tool.ts";
import { median, ratio, rotated, Samples, type Series } from "../series.ts";
import { ipft, pwru, type Tool } from "../tools.ts";
import { floodPing, MARK, setReflection, SLOW_PINGS, slowPings } from "../traffic.ts";

/** So many flood pings make fewer events than pwru's queue has room for (10,000). */
const BURST_PINGS = 80;

/**
 * Cost of a hit: as that of a miss, with the mark that the packets have. Requests and answers are marked
 * (`fwmark_reflect`), so that nearly all probe runs are hits; the others are taken away by their
 * number and the cost of a miss. ipft counts its hits; for pwru they are what it shows of a ping when
 * there are pauses between them, times the pings. Both tools drain meanwhile, which is part of the cost
 * (locks, cache lines).
 *
 * A hit whose event is lost may not cost as much as one that is delivered. So it is measured twice:
 * with bursts that pwru's queue has room for, of which the least disturbed counts, and under a flood
 * that it has no room for.
 *
 * @param misses what `measureIdle` has measured
 */
export async function measureHit(plan: Plan, misses: readonly Series[]): Promise<Series[]> {
  const samples = new Samples();
  const tools = [ipft, pwru];
  setReflection(true);
  for (let round = 0; round < plan.rounds; round++) {
    for (const tool of rotated(tools, round)) {
      await measure(tool, plan, missNs(tool, misses), samples);
    }
  }
  setReflection(false);
  const compared = (figure: string, atMost?: number) => [
    ...tools.map((tool) => samples.get(figure, tool)),
    ratio(samples.get(figure, ipft), samples.get(figure, pwru), atMost ? { atMost } : undefined),
  ];
  return [
    ...compared(BURST, 0.7),
    ...tools.map((tool) => samples.get(DELIVERED, tool)),
    ...compared(FLOOD),
  ];
}

const BURST = "cost of a hit, in bursts";
const DELIVERED = "cost of a hit, in bursts: delivered";
const FLOOD = "cost of a hit, under flood";

function missNs(tool: Tool, series: readonly Series[]): number {
  const misses = series.find((each) => each.figure === MISS && each.tool === tool.name);
  return median(misses!.samples);
}

async function measure(
  tool: Tool,
  { floods, timedPings }: Plan,
  missNs: number,
  samples: Samples,
): Promise<void> {
  const { result, account } = await whileTracing(tool, MARK, async (running) => {
    const slowEvents = tool.written && await running.eventsOf(slowPings);
    const bursts: Runs[] = [];
    const burstEvents: number[] = [];
    for (let burst = 0; burst < floods; burst++) {
      const timeBurst = async () => {
        bursts.push(await running.stats.during(() => floodPing(BURST_PINGS)));
      };
      if (tool.written) burstEvents.push(await running.eventsOf(timeBurst));
      else await timeBurst();
    }
    const flood = await running.stats.during(() => floodPing(timedPings));
    return { slowEvents, bursts, burstEvents, flood };
  });
  const { slowEvents, bursts, burstEvents, flood } = result;
  const burstPings = floods * BURST_PINGS;
  const hitsPerPing = slowEvents === undefined
    ? account.hits! / (burstPings + timedPings)
    : slowEvents / SLOW_PINGS;
  const cost = ({ count, timeNs }: Runs, pings: number) => {
    const hits = pings * hitsPerPing;
    return (timeNs - (count - hits) * missNs) / hits;
  };
  const burstCost = Math.min(...bursts.map((runs) => cost(runs, BURST_PINGS)));
  const floodCost = cost(flood, timedPings);
  const delivered = slowEvents === undefined
    ? account.delivered / account.hits!
    : sum(burstEvents) / (burstPings * hitsPerPing);
  samples.add(BURST, tool, "ns", burstCost);
  samples.add(DELIVERED, tool, "%", 100 * delivered);
  samples.add(FLOOD, tool, "ns", floodCost);
  console.error(
    `hit: ${tool.name}: ${burstCost.toFixed(0)} ns in bursts (${delivered * 100} % delivered), ` +
      `${floodCost.toFixed(0)} ns under flood, ${hitsPerPing} of ${flood.count / timedPings} runs`,
  );
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
