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

/** 10 M events in memory, and 100 M with a bound, as `--memory 256M`: what they take from first to last. */
export async function measureSpill(samples: Samples): Promise<void> {
  const figure = "spill: to take and print an event", events = 10_000_000, boundBytes = 2 ** 28;
  const inMemory = { name: `${events} events` };
  const spilt = { name: `${10 * events} events, 256M` };
  const time = ({ writeMs, ms }: AggregateRun, events: number) => (writeMs + ms) * 1e6 / events;
  const few = time(await run(events), events);
  const result = await run(10 * events, boundBytes);
  const many = time(result, 10 * events);
  samples.add(figure, inMemory, "ns", few);
  samples.add(figure, spilt, "ns", many);
  samples.add(figure, { name: "100 M / 10 M" }, "x", many / few, { atMost: 3 });
  samples.add("spill: peak memory", spilt, "MB", result.peakBytes / 1e6, {
    atMost: boundBytes / 1e6,
  });
}

/** @param boundBytes without it, all events are held in memory */
async function run(events: number, boundBytes?: number): Promise<AggregateRun> {
  const path = new URL("./aggregate_run.ts", import.meta.url).pathname;
  const args = ["run", "-A", "--no-check", path, `${events}`, `${boundBytes ?? ""}`];
  const { success, stdout } = await new Deno.Command(Deno.execPath(), { args, stderr: "inherit" })
    .output();
  if (!success) throw new Error(`aggregating ${events} events failed`);
  return JSON.parse(new TextDecoder().decode(stdout));
}
