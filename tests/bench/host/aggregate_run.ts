/**
 * One run of the aggregate sink, without an extension's data: `deno run -A aggregate_run.ts EVENTS
 * [MEMORY]`. A hundredth as many packets, a thousand of them under way at a time, each function by turns.
 * With `MEMORY` bytes as the bound, the rest goes to a file as with `--memory`. Prints an `AggregateRun`
 * as JSON.
 *
 * The memory is the process's peak (VmHWM) less what it had (VmRSS) before the first event, so the
 * garbage of the heap counts, too.
 */
import { IdentifyPackets } from "../../../lib/analysis/identify_packets.ts";
import { EventBatch } from "../../../lib/event/batch.ts";
import { AggregateSink } from "../../../lib/output/aggregate/aggregate.ts";
import { HeldMemory } from "../../../lib/output/held_memory.ts";
import { openDestination } from "../../../lib/output/open_destination.ts";
import { kernelFunctions } from "./functions.ts";

export interface AggregateRun {
  /** To take the events. */
  readonly writeMs: number;
  /** To group, sort and print them to /dev/null. */
  readonly ms: number;
  readonly peakBytes: number;
}

const EVENTS_PER_PACKET = 100, PACKETS_AT_A_TIME = 1000, BATCH_CAPACITY = 1 << 14;

function statusBytes(field: string): number {
  const status = Deno.readTextFileSync("/proc/self/status");
  return Number(new RegExp(`^${field}:\\s*(\\d+) kB$`, "m").exec(status)![1]) * 1024;
}

/** The next rows of the trace, from event `first` on. */
function fill(batch: EventBatch, first: number, count: number, functionCount: number): void {
  const burst = PACKETS_AT_A_TIME * EVENTS_PER_PACKET;
  const { skb, timestamp, functionIndex, cpu } = batch.columns;
  for (let row = 0; row < count; row++) {
    const event = first + row;
    const packet = Math.floor(event / burst) * PACKETS_AT_A_TIME + event % PACKETS_AT_A_TIME;
    skb[2 * row] = packet * 0x100;
    skb[2 * row + 1] = 0xffff8880;
    // CPUs reserve their records a little out of order: the sink has something to sort.
    timestamp[row] = event * 100 + Math.imul(event, 0x9e3779b1) % 2000;
    functionIndex[row] = event % functionCount;
    cpu[row] = event % 8;
  }
  batch.length = count;
}

if (import.meta.main) {
  const events = Number(Deno.args[0]), memoryBytes = Number(Deno.args[1]);
  const functions = kernelFunctions();
  using output = await openDestination("/dev/null");
  const header = { tracer: "function" as const, functions, sections: [], originNs: 0n };
  using memory = new HeldMemory(memoryBytes || 2 ** 40, undefined, console.error);
  const sink = new AggregateSink({ header, write: output.write, bound: memory.boundOf(1) });
  const identify = new IdentifyPackets(header);
  const batch = new EventBatch(BATCH_CAPACITY);
  const before = statusBytes("VmRSS");
  let writeMs = 0;
  for (let first = 0; first < events; first += BATCH_CAPACITY) {
    fill(batch, first, Math.min(BATCH_CAPACITY, events - first), functions.length);
    identify.apply(batch);
    const begin = performance.now();
    await sink.write(batch);
    writeMs += performance.now() - begin;
  }
  const start = performance.now();
  await sink.finish();
  const ms = performance.now() - start;
  console.log(JSON.stringify({ writeMs, ms, peakBytes: statusBytes("VmHWM") - before }));
}
