/** Traces with filters, to count what each lets through. */
import assert from "node:assert/strict";
import type { BackendName } from "../../lib/bpf/attach/backends.ts";
import { followSockets } from "../../lib/bpf/probes/follow_sockets.ts";
import { LiveSource } from "../../lib/capture/live_source.ts";
import { EventBatch } from "../../lib/event/batch.ts";
import type { Tracer } from "../../lib/event/trace_header.ts";
import { type CompiledRequest, openFilter } from "../../lib/filter/open_filter.ts";

/**
 * Traces with several filters at a time, through as many sources.
 * @param functionRegex which functions to trace
 * @param tell told what the trace waits for
 * @returns for each filter, how often it saw the entry of each function
 */
export async function countEntries(
  tracer: Tracer,
  backend: BackendName,
  functionRegex: RegExp,
  requests: readonly CompiledRequest[],
  traffic: () => Promise<void>,
  tell: (message: string) => void = () => {},
): Promise<Record<string, number>[]> {
  using resources = new DisposableStack();
  const load = (request: CompiledRequest) =>
    LiveSource.load({
      tracer,
      backend,
      filter: resources.use(openFilter(request, tell)).filter,
      probes: request.process && [followSockets(request.process, tell)],
      functions: { functionRegex },
      sections: [],
      bufferSizeBytes: 1 << 18,
      outputFds: [],
      warn: () => {},
    });
  // One after the other: libbpf has one function to log with, which each load replaces.
  const sources: LiveSource[] = [];
  for (const request of requests) sources.push(await load(request));
  for (const source of sources) {
    resources.use(source);
    await source.attach({ attached: () => Promise.resolve(), detached: () => {} }, true);
  }
  sources.forEach((source) => source.start());
  await traffic();
  sources.forEach((source) => source.stop());
  return await Promise.all(sources.map((source) => entriesOf(tracer, source)));
}

/** Counts what was captured, of which nothing may be missing. */
async function entriesOf(tracer: Tracer, source: LiveSource): Promise<Record<string, number>> {
  const batch = new EventBatch(1000, []), entries: Record<string, number> = {};
  let returns = 0;
  while (await source.read(batch)) {
    const { functionIndex, isReturn } = batch.columns;
    for (let row = 0; row < batch.length; row++) {
      const { name } = source.header.functions[functionIndex[row]];
      if (isReturn[row]) returns++;
      else entries[name] = (entries[name] ?? 0) + 1;
    }
  }
  const { hits, lost, dropped, delivered } = source.completeness();
  assert.deepEqual({ lost, dropped, delivered }, { lost: 0, dropped: 0, delivered: hits });
  const entered = Object.values(entries).reduce((sum, count) => sum + count, 0);
  assert.equal(returns, tracer === "function_graph" ? entered : 0);
  return entries;
}
