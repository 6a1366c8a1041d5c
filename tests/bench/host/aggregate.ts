/** The aggregate sink, each run in a process of its own, so that its peak of memory is its own. */
import { rotated, type Samples } from "../series.ts";
import type { AggregateRun } from "./aggregate_run.ts";
import { FACTORS, TIME_PER_EVENT } from "./growth.ts";

const LEAST_EVENTS = 1_250_000;

/** 10 M events at the most; see aggregate_run.ts for what is timed. */
export async function measureAggregate(samples: Samples, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const factor of rotated(FACTORS, round)) {
      const events = factor * LEAST_EVENTS;
      const size = { name: `${factor} x ${LEAST_EVENTS} events` };
      const { ms, peakBytes } = await run(events);
      samples.add(`aggregate: ${TIME_PER_EVENT}`, size, "ns", ms * 1e6 / events);
      samples.add("aggregate: peak memory", size, "bytes an event", peakBytes / events, {
        atMost: 64,
      });
      if (factor === FACTORS.at(-1)) samples.add("aggregate", size, "ms", ms, { atMost: 5000 });
    }
  }
}

async function run(events: number): Promise<AggregateRun> {
  const path = new URL("./aggregate_run.ts", import.meta.url).pathname;
  const args = ["run", "-A", "--no-check", path, `${events}`];
  const { success, stdout } = await new Deno.Command(Deno.execPath(), { args, stderr: "inherit" })
    .output();
  if (!success) throw new Error(`aggregating ${events} events failed`);
  return JSON.parse(new TextDecoder().decode(stdout));
}
