import assert from "node:assert/strict";
import type { Stage } from "../../../lib/analysis/stage.ts";
import { pump } from "../../../lib/capture/pump.ts";
import { MemorySink } from "../../support/memory_sink.ts";
import { event, MemorySource, type Portion } from "../../support/memory_source.ts";

/** Pumps until the source has given nothing so many times. */
async function pumped(portions: readonly Portion[], sink: MemorySink, stages: Stage[] = []) {
  const source = new MemorySource(portions);
  const end = new AbortController();
  let turns = 0;
  const onTurn = () => {
    turns++;
    end.abort();
  };
  await pump({ source, stages, sink, signal: end.signal, onTurn });
  return { source, turns };
}

Deno.test("pump moves all events in their order and stops the source at the signal", async () => {
  const sink = new MemorySink();
  const { source } = await pumped([[event(1), event(2)], [event(3)], "nothing"], sink);
  assert.deepEqual(sink.skbs, [1, 2, 3]);
  assert(source.isStopped);
  assert(!sink.isFinished, "that is up to the caller");
});

Deno.test("pump moves what the source still has after the signal, without another turn", async () => {
  const sink = new MemorySink();
  const portions = ["nothing", [event(1)], "nothing", [event(2)], "nothing"] as const;
  const { turns } = await pumped(portions, sink);
  assert.deepEqual(sink.skbs, [1, 2]);
  assert.equal(turns, 1);
});

Deno.test("pump stops at once for a signal that came before", async () => {
  const source = new MemorySource([[event(1)]]);
  const sink = new MemorySink();
  const signal = AbortSignal.abort();
  await pump({ source, stages: [], sink, signal, onTurn: () => assert.fail("a turn") });
  assert.deepEqual(sink.skbs, [1]);
});

Deno.test("pump shows each batch to the stages in their order, and to the sink what they leave", async () => {
  const seen: string[] = [];
  const dropOdd: Stage = {
    apply(batch) {
      seen.push(`drop ${batch.length}`);
      const rows = Uint32Array.from({ length: batch.length }, (_, i) => i)
        .filter((row) => batch.columns.skb[2 * row] % 2 === 0);
      batch.keep(rows, rows.length);
    },
  };
  const count: Stage = { apply: ({ length }) => void seen.push(`count ${length}`) };
  const sink = new MemorySink();
  await pumped([[event(1), event(2), event(4)], [event(3)], "nothing"], sink, [dropOdd, count]);
  assert.deepEqual(sink.skbs, [2, 4]);
  assert.deepEqual(seen, ["drop 3", "count 2", "drop 1", "count 0"]);
});

Deno.test("pump gives timers a turn while a source never runs dry", async () => {
  const source = new MemorySource(Array.from({ length: 3 }, (_, i) => [event(i)]));
  const endless = Object.assign(source, {
    read: (batch: Parameters<MemorySource["read"]>[0]) => {
      batch.length = source.isStopped ? 0 : 1;
      return Promise.resolve(!source.isStopped);
    },
  });
  const end = new AbortController();
  setTimeout(() => end.abort(), 20);
  let turns = 0;
  const sink = { write: () => Promise.resolve(), finish: () => Promise.resolve() };
  await pump({ source: endless, stages: [], sink, signal: end.signal, onTurn: () => turns++ });
  assert(turns > 0);
});

Deno.test("pump passes on what a source, a stage, a sink or a turn fails with", async () => {
  await assert.rejects(pumped([new Error("no ring")], new MemorySink()), /no ring/);
  await assert.rejects(pumped([[event(1)]], new MemorySink(0)), /the disk is full/);
  const stage = { apply: () => assert.fail("a stage") };
  await assert.rejects(pumped([[event(1)]], new MemorySink(), [stage]), /a stage/);
  const source = new MemorySource(["nothing"]);
  const onTurn = () => assert.fail("a turn");
  const signal = new AbortController().signal;
  await assert.rejects(
    pump({ source, stages: [], sink: new MemorySink(), signal, onTurn }),
    /a turn/,
  );
});
