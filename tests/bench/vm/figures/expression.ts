import type { Plan } from "../../plan.ts";
import { addHitCosts, BURST, DELIVERED, makeHits } from "./hit.ts";
import { addMissCosts, MISS } from "./miss.ts";
import { READY } from "./ready.ts";
import { RunningTool, whileTracing } from "../running_tool.ts";
import { difference, median, ratio, rotated, Samples, type Series } from "../../series.ts";
import { empty, ipft, type Tool, toolsWith } from "../tools.ts";
import { MARK, OTHER_MARK, setReflection } from "../traffic.ts";

/** What the names of the figures begin with. */
export const OF_EXPRESSION = "expression: ";

/** No ping and no packet of iperf3 matches the first of these; every ping and its answer matches the second. */
export const [ipftPort, pwruPort] = toolsWith("tcp port 443");
export const [ipftIcmp, pwruIcmp] = toolsWith("icmp");

/**
 * Measures expressions: the figures of miss.ts, hit.ts and ready.ts, beside pwru with the same expression and
 * ipft with a mark. (The figure `idle` has them as well.)
 */
export async function measureExpression(plan: Plan): Promise<Series[]> {
  const samples = new Samples();
  await measureMisses(plan, samples);
  await measureHits(plan, samples);
  await measureTimes(plan, samples);
  const of = (figure: string, tool: Tool) => samples.get(OF_EXPRESSION + figure, tool);
  const [miss, hit, ready] = [MISS, BURST, READY].map((figure) => (tool: Tool) => of(figure, tool));
  return [
    ...MISSING.map(miss),
    ratio(miss(ipftPort), miss(pwruPort), { atMost: 0.35 }),
    ratio(miss(ipftPort), miss(ipft), { atMost: 2 }),
    ratio(miss(ipftPort), miss(empty)),
    ...HITTING.map(hit),
    ratio(hit(ipftIcmp), hit(pwruIcmp), { atMost: 0.6 }),
    ratio(hit(ipftIcmp), hit(ipft), { atMost: 1.5 }),
    ...HITTING.map((tool) => of(DELIVERED, tool)),
    ...STARTING.map(ready),
    difference(ready(ipftPort), ready(ipft), { atMost: 50 }),
  ];
}

const MISSING = [empty, ipftPort, pwruPort, ipft];
const HITTING = [ipftIcmp, pwruIcmp, ipft];
const STARTING = [ipftPort, ipft];

/** All tools at once, as in miss.ts. */
async function measureMisses(plan: Plan, samples: Samples): Promise<void> {
  await using running = new AsyncDisposableStack();
  const tools: RunningTool[] = [];
  for (const tool of MISSING) tools.push(running.use(await RunningTool.start(tool, OTHER_MARK)));
  for (let round = 0; round < plan.rounds; round++) {
    await addMissCosts(samples, tools, plan, MARK, OF_EXPRESSION + MISS);
  }
  for (const tool of tools) await tool.stop();
}

/** The few misses among the runs are counted with what those of the other expression cost. */
async function measureHits(plan: Plan, samples: Samples): Promise<void> {
  const missNs = new Map([[ipftIcmp, ipftPort], [pwruIcmp, pwruPort], [ipft, ipft]].map((
    [tool, missing],
  ) => [tool, median(samples.get(OF_EXPRESSION + MISS, missing).samples)]));
  setReflection(true);
  for (let round = 0; round < plan.rounds; round++) {
    for (const tool of rotated(HITTING, round)) {
      await addHits(tool, plan, samples, missNs.get(tool)!);
    }
  }
  setReflection(false);
}

/** Adds the cost of hits of a tool to which all pings belong, whether by mark or by expression. */
export async function addHits(
  tool: Tool,
  plan: Plan,
  samples: Samples,
  missNs: number,
): Promise<void> {
  const { result, account } = await whileTracing(
    tool,
    MARK,
    (running) => makeHits(running, plan.floods, plan.timedPings),
  );
  addHitCosts(samples, tool, result, account, missNs, OF_EXPRESSION);
}

/** Both have been started before. */
async function measureTimes({ rounds }: Plan, samples: Samples): Promise<void> {
  for (let round = 0; round < 2 * rounds; round++) {
    for (const tool of rotated(STARTING, round)) {
      const { result: readyMs } = await whileTracing(
        tool,
        OTHER_MARK,
        ({ readyMs }) => Promise.resolve(readyMs),
      );
      samples.add(OF_EXPRESSION + READY, tool, "ms", readyMs);
      console.error(`ready: ${tool.name}: ${readyMs.toFixed(0)} ms`);
    }
  }
}
