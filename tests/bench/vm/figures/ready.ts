import type { Plan } from "../../plan.ts";
import { attachedFunctions, whileTracing } from "../running_tool.ts";
import { ratio, rotated, Samples, type Series } from "../../series.ts";
import { ipft, ipftGraph, pwru, pwruMulti } from "../tools.ts";
import { OTHER_MARK } from "../traffic.ts";

/**
 * Measures the time until a tool is ready, from exec(2) to the line on stderr that says so, and until it
 * stops, from SIGINT to the end of the process. It is attached to all functions that it traces by default.
 * There is no traffic. Each tool has been started once before, so files are in memory and caches filled.
 */
export async function measureReady({ rounds, variants }: Plan): Promise<Series[]> {
  const samples = new Samples();
  const others = variants ? [pwru, pwruMulti] : [pwru];
  const tools = [ipft, ...others, ipftGraph];
  for (const tool of tools) {
    if (!(tool.name in attachedFunctions)) await whileTracing(tool, OTHER_MARK, async () => {});
  }
  for (let round = 0; round < rounds; round++) {
    for (const tool of rotated(tools, round)) {
      const { result: readyMs, stopMs } = await whileTracing(
        tool,
        OTHER_MARK,
        ({ readyMs }) => Promise.resolve(readyMs),
      );
      samples.add(READY, tool, "ms", readyMs);
      samples.add(STOP, tool, "ms", stopMs);
      console.error(`ready: ${tool.name}: ${readyMs.toFixed(0)} ms, stop ${stopMs.toFixed(0)} ms`);
    }
  }
  const of = (figure: string) => (tool: { name: string }) => samples.get(figure, tool);
  const ready = of(READY), stop = of(STOP);
  return [
    ready(ipft),
    ...others.map(ready),
    ...others.map((other) => ratio(ready(ipft), ready(other), READY_GOAL)),
    { ...ready(ipftGraph), goal: { atMost: 3000 } },
    stop(ipft),
    ...others.map(stop),
    { ...stop(ipftGraph), goal: { atMost: 2000 } },
  ];
}

export const READY = "ready";
/** The goal for the ratio of ipft's time to pwru's. */
export const READY_GOAL = { atMost: 0.45 };

export const STOP = "stop";
