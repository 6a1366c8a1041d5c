/**
 * Measures what following packets costs, beside pwru with `--filter-track-skb`: a miss while nothing is followed,
 * a miss while a packet of another flow is, and a hit. What the programs cost that see packets end and come
 * out of each other is part of each figure: they run as well, and are counted.
 */
import type { Plan } from "../../plan.ts";
import { addHitCosts, BURST, DELIVERED, makeHits } from "./hit.ts";
import { addMissCosts, MISS } from "./miss.ts";
import { RunningTool, whileTracing } from "../running_tool.ts";
import { median, ratio, rotated, Samples, type Series } from "../../series.ts";
import { ipft, ipftAlone, pwruTracking, type Tool } from "../tools.ts";
import { MARK, OTHER_MARK, setReflection, WaitingPacket } from "../traffic.ts";

const OF_NONE = "following nothing: ", OF_ONE = "following another packet: ";
const OF_ALL = "following: ";

const TOOLS = [ipft, ipftAlone, pwruTracking];

export async function measureFollow(plan: Plan): Promise<Series[]> {
  const samples = new Samples();
  await measureMisses(plan, samples);
  await measureHits(plan, samples);
  const none = (tool: Tool) => samples.get(OF_NONE + MISS, tool);
  const one = (tool: Tool) => samples.get(OF_ONE + MISS, tool);
  const hit = (tool: Tool) => samples.get(OF_ALL + BURST, tool);
  return [
    ...TOOLS.map(none),
    ratio(none(ipft), none(ipftAlone), { atMost: 1.1 }),
    ...TOOLS.map(one),
    ratio(one(ipft), one(ipftAlone), { atMost: 1.3 }),
    ratio(one(ipft), one(pwruTracking), { atMost: 0.4 }),
    ...TOOLS.map(hit),
    ratio(hit(ipft), hit(pwruTracking), { atMost: 0.6 }),
    ratio(hit(ipft), hit(ipftAlone), { atMost: 1.3 }),
    ...TOOLS.map((tool) => samples.get(OF_ALL + DELIVERED, tool)),
  ];
}

/** All tools at once, as in miss.ts. */
async function measureMisses(plan: Plan, samples: Samples): Promise<void> {
  await using running = new AsyncDisposableStack();
  const tools: RunningTool[] = [];
  for (const tool of TOOLS) tools.push(running.use(await RunningTool.start(tool, OTHER_MARK)));
  for (let round = 0; round < plan.rounds; round++) {
    await addMissCosts(samples, tools, plan, MARK, OF_NONE + MISS);
  }
  {
    await using _waiting = await WaitingPacket.send(OTHER_MARK);
    for (let round = 0; round < plan.rounds; round++) {
      await addMissCosts(samples, tools, plan, MARK, OF_ONE + MISS);
    }
  }
  for (const tool of tools) await tool.stop();
}

async function measureHits(plan: Plan, samples: Samples): Promise<void> {
  setReflection(true);
  for (let round = 0; round < plan.rounds; round++) {
    for (const tool of rotated(TOOLS, round)) {
      const { result, account } = await whileTracing(
        tool,
        MARK,
        (running) => makeHits(running, plan.floods, plan.timedPings),
      );
      const missNs = median(samples.get(OF_ONE + MISS, tool).samples);
      addHitCosts(samples, tool, result, account, missNs, OF_ALL);
    }
  }
  setReflection(false);
}
