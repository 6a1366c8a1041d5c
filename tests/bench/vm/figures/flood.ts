import type { Plan } from "../../plan.ts";
import { whileTracing } from "../running_tool.ts";
import { rotated, Samples, type Series } from "../../series.ts";
import { ipft, ipftGraph, ipftStream, pwru, type Tool } from "../tools.ts";
import { floodPing, MARK, SLOW_PINGS, slowPings } from "../traffic.ts";

/**
 * Measures the share of events that a tool delivers of a flood of N pings: marked requests whose answers
 * are not marked. ipft counts in the kernel what happened. pwru does not, so for it that is N times the
 * number of events that it shows for one of several pings with pauses. A tool may write its buffered
 * events before it is stopped.
 */
export async function measureFlood(
  { deliveryRounds, deliveredPings, variants }: Plan,
): Promise<Series[]> {
  const samples = new Samples();
  const tools = variants ? [ipft, ipftStream, ipftGraph, pwru] : [ipft, pwru];
  for (const pings of deliveredPings) {
    for (let round = 0; round < deliveryRounds; round++) {
      for (const tool of rotated(tools, round)) await measure(tool, pings, samples);
    }
  }
  return samples.all();
}

async function measure(tool: Tool, pings: number, samples: Samples): Promise<void> {
  const { result, account } = await whileTracing(tool, MARK, async (running) => {
    const slowEvents = tool.written && await running.eventsOf(() => slowPings());
    const timeMs = await floodPing(pings);
    await running.settle();
    return { slowEvents, timeMs };
  });
  const { slowEvents = 0, timeMs } = result;
  const delivered = account.delivered - slowEvents;
  const hits = account.hits ?? pings * slowEvents / SLOW_PINGS;
  const goal = tool.written ? undefined : { atLeast: 100 };
  samples.add(deliveredOf(pings), tool, "%", 100 * delivered / hits, goal);
  samples.add(`flood of ${pings}: events per ping`, tool, "", hits / pings);
  samples.add(`flood of ${pings}: time`, tool, "ms", timeMs);
  if (account.skipped !== undefined) {
    samples.add(`flood of ${pings}: probe runs that the kernel skipped`, tool, "", account.skipped);
  }
  console.error(
    `flood of ${pings}: ${tool.name}: ${delivered} of ${hits} hits, ` +
      `${account.skipped ?? "?"} skipped, ${timeMs} ms`,
  );
}

/** Returns the name of the figure. */
export function deliveredOf(pings: number): string {
  return `flood of ${pings}: delivered`;
}
