import type { Runs } from "../bpf_stats.ts";
import type { Plan } from "../../plan.ts";
import { MISS } from "./miss.ts";
import { type RunningTool, whileTracing } from "../running_tool.ts";
import { median, rotated, Samples, type Series } from "../../series.ts";
import { type Account, ipft, pwru, type Tool } from "../tools.ts";
import { floodPing, MARK, setReflection, SLOW_PINGS, slowPings } from "../traffic.ts";

/** This many flood pings make fewer events than pwru's queue holds (10,000). */
export const BURST_PINGS = 80;

/**
 * Measures the cost of a hit: like that of a miss, but with the mark that the packets have. Requests and
 * answers are marked (`fwmark_reflect`), so nearly all probe runs are hits; the others are subtracted, by
 * their number and the cost of a miss. ipft counts its hits. For pwru, they are the number of pings times
 * the number of events that it shows for one of several pings with pauses. Both tools drain meanwhile,
 * which is part of the cost (locks, cache lines).
 *
 * A hit whose event is lost may cost less than one whose event is delivered. So the cost is measured twice:
 * in bursts that pwru's queue has room for, of which the least disturbed counts, and under a flood that
 * it has no room for.
 *
 * @param misses the results of `measureMiss`
 */
export async function measureHit(plan: Plan, misses: readonly Series[]): Promise<Series[]> {
  const samples = new Samples();
  const tools = [ipft, pwru];
  setReflection(true);
  for (let round = 0; round < plan.rounds; round++) {
    for (const tool of rotated(tools, round)) {
      const { result, account } = await whileTracing(
        tool,
        MARK,
        (running) => makeHits(running, plan.floods, plan.timedPings),
      );
      addHitCosts(samples, tool, result, account, missNs(tool, misses));
    }
  }
  setReflection(false);
  return comparedHits(samples);
}

export const BURST = "cost of a hit, in bursts";
export const DELIVERED = "cost of a hit, in bursts: delivered";
export const FLOOD = "cost of a hit, under flood";

function missNs(tool: Tool, series: readonly Series[]): number {
  const misses = series.find((each) => each.figure === MISS && each.tool === tool.name);
  return median(misses!.samples);
}

/** The program runs and events that `makeHits` has counted. */
export interface HitRuns {
  /** Events of `slowPings`, for tools that do not count hits. */
  readonly slowEvents?: number;
  readonly bursts: readonly Runs[];
  /** Events of all bursts, for the same tools. */
  readonly burstEvents: number;
  readonly flood: Runs;
  readonly floodPings: number;
}

/** Sends bursts and a flood of pings that a tool looks for, and no other such packets. */
export async function makeHits(
  running: RunningTool,
  burstCount: number,
  floodPings: number,
): Promise<HitRuns> {
  const { tool, stats } = running;
  const slowEvents = tool.written && await running.eventsOf(slowPings);
  const bursts: Runs[] = [];
  let burstEvents = 0;
  for (let burst = 0; burst < burstCount; burst++) {
    const timeBurst = async () => {
      bursts.push(await stats.during(() => floodPing(BURST_PINGS)));
    };
    if (tool.written) burstEvents += await running.eventsOf(timeBurst);
    else await timeBurst();
  }
  const flood = await stats.during(() => floodPing(floodPings));
  return { slowEvents, bursts, burstEvents, flood, floodPings };
}

/** Returns the number of hits for each ping. */
export function hitsPerPing(runs: HitRuns, { hits }: Account): number {
  if (runs.slowEvents !== undefined) return runs.slowEvents / SLOW_PINGS;
  return hits! / (runs.bursts.length * BURST_PINGS + runs.floodPings);
}

/**
 * Adds a sample of each figure.
 * @param of what the names of the figures begin with
 */
export function addHitCosts(
  samples: Samples,
  tool: Tool,
  runs: HitRuns,
  account: Account,
  missNs: number,
  of = "",
): void {
  const { bursts, burstEvents, flood, floodPings } = runs;
  const perPing = hitsPerPing(runs, account);
  const cost = ({ count, timeNs }: Runs, pings: number) => {
    const hits = pings * perPing;
    return (timeNs - (count - hits) * missNs) / hits;
  };
  const burstCost = Math.min(...bursts.map((burst) => cost(burst, BURST_PINGS)));
  const floodCost = cost(flood, floodPings);
  const delivered = tool.written
    ? burstEvents / (bursts.length * BURST_PINGS * perPing)
    : account.delivered / account.hits!;
  samples.add(of + BURST, tool, "ns", burstCost);
  samples.add(of + DELIVERED, tool, "%", 100 * delivered);
  samples.add(of + FLOOD, tool, "ns", floodCost);
  console.error(
    `hit: ${tool.name}: ${burstCost.toFixed(0)} ns in bursts (${delivered * 100} % delivered), ` +
      `${floodCost.toFixed(0)} ns under flood, ${perPing} of ${flood.count / floodPings} runs`,
  );
}

/** Returns the costs of the tools, and the ratios of ipft's to pwru's. */
export function comparedHits(samples: Samples): Series[] {
  const tools = [ipft, pwru];
  return [
    ...samples.compared(BURST, tools, { atMost: 0.7 }),
    ...tools.map((tool) => samples.get(DELIVERED, tool)),
    ...samples.compared(FLOOD, tools),
  ];
}
