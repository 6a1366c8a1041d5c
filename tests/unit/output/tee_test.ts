import assert from "node:assert/strict";
import { EventBatch } from "../../../lib/event/batch.ts";
import { OutputClosed } from "../../../lib/output/stdout.ts";
import { Tee } from "../../../lib/output/tee.ts";
import { MemorySink } from "../../support/memory_sink.ts";
import { event } from "../../support/memory_source.ts";
import { fill } from "../../support/sink_fixture.ts";

function batch(...skbs: number[]): EventBatch {
  const batch = new EventBatch(skbs.length);
  fill(batch, skbs.map((skb) => event(skb)));
  return batch;
}

Deno.test("Tee gives every batch to every sink, and finishes all", async () => {
  const sinks = [new MemorySink(), new MemorySink()];
  const tee = new Tee(sinks);
  await tee.write(batch(1, 2));
  await tee.write(batch(3));
  await tee.finish();
  for (const { skbs, isFinished } of sinks) {
    assert.deepEqual(skbs, [1, 2, 3]);
    assert(isFinished);
  }
  assert(!tee.hasFailed);
});

Deno.test("Tee leaves out a sink that has failed, and tells at the end", async () => {
  const full = new MemorySink(1), fine = new MemorySink();
  const tee = new Tee([full, fine]);
  await tee.write(batch(1, 2));
  assert(tee.hasFailed);
  await tee.write(batch(3));
  await assert.rejects(tee.finish(), /the disk is full/);
  assert.deepEqual([full.skbs, full.isFinished], [[1], false]);
  assert.deepEqual([fine.skbs, fine.isFinished], [[1, 2, 3], true]);
});

Deno.test("Tee fails as soon as no sink is left", async () => {
  await assert.rejects(new Tee([new MemorySink(0)]).write(batch(1)), /the disk is full/);
});

Deno.test("Tee tells of an error rather than of a reader that has gone", async () => {
  const sinks = [new MemorySink(0, new OutputClosed()), new MemorySink(1), new MemorySink()];
  const tee = new Tee(sinks);
  await tee.write(batch(1, 2));
  await assert.rejects(tee.finish(), /the disk is full/);
  const closed = new Tee([new MemorySink(0, new OutputClosed()), new MemorySink()]);
  await closed.write(batch(1));
  await assert.rejects(closed.finish(), OutputClosed);
});
