/**
 * From a real ring of this kernel to nothing, JSON or text.
 *
 * A program fills the ring (not timed), then batches are read and given to the sink, whose bytes go
 * to /dev/null. Timed are `RingReader.read` and `Sink.write` alone: between them the filler's numbers
 * are folded to functions and CPUs that exist.
 */
import { RingReader } from "../../../lib/bpf/ring_reader.ts";
import { EventBatch } from "../../../lib/event/batch.ts";
import { DATA } from "../../../lib/event/section.ts";
import type { TracedFunction } from "../../../lib/event/trace_header.ts";
import { LuaScript } from "../../../lib/lua/script.ts";
import { openDestination } from "../../../lib/output/open_destination.ts";
import { JsonSink } from "../../../lib/output/json.ts";
import type { Sink } from "../../../lib/output/sink.ts";
import { StreamSink } from "../../../lib/output/stream.ts";
import { RingFiller } from "../../support/ring_filler.ts";
import { rotated, type Samples } from "../series.ts";
import { FACTORS, TIME_PER_EVENT } from "./growth.ts";

/** The tracer's ring and `drain`'s batches. */
const RING_BYTES = 1 << 26, BATCH_CAPACITY = 1 << 14;
/** What fits the ring at once: records of 96 bytes, header included. */
const FILL_RECORDS = 1 << 19;
const CPUS = 8;

type Functions = readonly TracedFunction[];

interface Figure {
  readonly name: string;
  readonly functions: Functions;
  readonly withData: boolean;
  /** How many events the least run has. */
  readonly events: number;
  /** Events a ms. */
  readonly goal: number;
  readonly rounds: number;
  readonly sink?: Sink;
}

/** Draining alone. */
export async function measureReader(samples: Samples, functions: Functions, rounds: number) {
  const name = "ring reader", events = 500_000, goal = 50_000;
  await measure(samples, { name, functions, withData: false, events, goal, rounds });
}

/** Reading, formatting and writing JSON. */
export async function measureJson(samples: Samples, functions: Functions, rounds: number) {
  using output = await openDestination("/dev/null");
  const header = { tracer: "function" as const, functions, sections: [], originNs: 0n };
  const sink = new JsonSink({ header, write: output.write });
  const name = "ring to JSON", events = 250_000, goal = 5_000;
  await measure(samples, { name, functions, withData: false, events, goal, rounds, sink });
}

/** Reading records with data, and writing the table of `-o stream` with what the script says of them. */
export async function measureLua(samples: Samples, functions: Functions, rounds: number) {
  const path = new URL("./dump.lua", import.meta.url).pathname;
  using script = await LuaScript.load(path, { write: () => {}, writeError: () => {} });
  const openFields = script.openFields((error) => {
    throw error;
  });
  using output = await openDestination("/dev/null");
  const header = { tracer: "function" as const, functions, sections: [DATA], originNs: 0n };
  const sink = new StreamSink({ header, openFields, write: output.write });
  const name = "ring to Lua dump", events = 100_000, goal = 1_000;
  await measure(samples, { name, functions, withData: true, events, goal, rounds, sink });
}

async function measure(samples: Samples, figure: Figure): Promise<void> {
  const { name, events, goal, rounds } = figure;
  using filler = await RingFiller.make(RING_BYTES);
  using reader = new RingReader(filler, figure.withData ? [DATA] : [], 0n);
  await timeMs(filler, reader, figure, events); // until the code is compiled
  for (let round = 0; round < rounds; round++) {
    for (const factor of rotated(FACTORS, round)) {
      const count = factor * events;
      const ms = await timeMs(filler, reader, figure, count);
      const size = { name: `${factor} x ${events} events` };
      samples.add(`${name}: ${TIME_PER_EVENT}`, size, "ns", ms * 1e6 / count);
      if (factor === FACTORS.at(-1)) {
        samples.add(name, size, "k/s", count / ms, { atLeast: goal });
      }
    }
  }
}

/** How long it takes to read and to write `count` events, in ms. */
async function timeMs(
  filler: RingFiller,
  reader: RingReader,
  { functions, withData, sink }: Figure,
  count: number,
): Promise<number> {
  const batch = new EventBatch(BATCH_CAPACITY, withData ? [DATA] : []);
  let ms = 0;
  for (let left = count; left > 0;) {
    const records = Math.min(left, FILL_RECORDS);
    const isFull = await filler.run(withData ? "submit_with_data" : "submit", records);
    if (isFull) throw new Error("the ring is full");
    for (let unread = records; unread > 0; unread -= batch.length) {
      const start = performance.now();
      reader.read(batch);
      ms += performance.now() - start;
      if (batch.length === 0) throw new Error(`${unread} records are missing`);
      if (!sink) continue;
      fold(batch, functions.length);
      const written = performance.now();
      await sink.write(batch);
      ms += performance.now() - written;
    }
    left -= records;
  }
  return ms;
}

function fold({ length, columns }: EventBatch, functionCount: number): void {
  const { functionIndex, cpu, isReturn } = columns;
  for (let row = 0; row < length; row++) {
    functionIndex[row] %= functionCount;
    cpu[row] %= CPUS;
    isReturn[row] = 0;
  }
}
