import assert from "node:assert/strict";
import { EventBatch } from "../../lib/bpf/event.ts";
import { RingReader } from "../../lib/bpf/ring_reader.ts";
import { RingFiller } from "./ring_filler.ts";

const PAGE_BYTES = 4096, RECORD_BYTES = 32;

/** The numbers of the records in a batch, each column checked against what ring_filler.bpf.c wrote. */
function numbers(batch: EventBatch, originNs: bigint): number[] {
  return Array.from({ length: batch.length }, (_, row) => {
    const number = batch.functionIndex[row];
    const skb = 0xffff888000000000n + BigInt(number) * 0x100n;
    assert.equal(batch.skbLow[row], Number(skb & 0xffffffffn));
    assert.equal(batch.skbHigh[row], Number(skb >> 32n));
    assert.equal(batch.timestamp[row], Number(0xfffffff0n + BigInt(number) - originNs));
    assert.equal(batch.cpu[row], number & 0xffff);
    return number;
  });
}

const upTo = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

Deno.test("RingReader gives nothing of an empty ring", () => {
  using filler = new RingFiller(PAGE_BYTES);
  using reader = new RingReader(filler.ringFd, PAGE_BYTES, 0n);
  const batch = new EventBatch(4);
  reader.read(batch);
  assert.equal(batch.length, 0);
});

Deno.test("RingReader gives every record once and in order, round the ring's end", async () => {
  using filler = new RingFiller(PAGE_BYTES);
  using reader = new RingReader(filler.ringFd, PAGE_BYTES, 0n);
  const batch = new EventBatch(1000);
  // Steps that don't divide the ring: its end falls at every place of a step.
  for (let from = 0; from < 20_000; from = filler.written) {
    assert.equal(await filler.run("submit", 1 + from % 127), 0);
    reader.read(batch);
    assert.deepEqual(numbers(batch, 0n), upTo(from, filler.written));
  }
});

Deno.test("RingReader skips discarded records of any length", async () => {
  using filler = new RingFiller(PAGE_BYTES);
  using reader = new RingReader(filler.ringFd, PAGE_BYTES, 0n);
  const batch = new EventBatch(1000);
  for (let round = 0; round < 300; round++) {
    const from = filler.written;
    await filler.run("discard", 1 + round % 3);
    await filler.run("submit", 2);
    await filler.run("discard", round % 2);
    await filler.run("submit", 3);
    reader.read(batch);
    assert.deepEqual(numbers(batch, 0n), upTo(from, from + 5));
  }
});

Deno.test("RingReader stops at a busy record and gives it once it is submitted", async () => {
  using filler = new RingFiller(PAGE_BYTES);
  using reader = new RingReader(filler.ringFd, PAGE_BYTES, 0n);
  const batch = new EventBatch(1000);
  await filler.run("submit", 2);
  const lingering = filler.run("linger");
  while (filler.written < 3); // reserved, but not submitted for another 100 ms
  reader.read(batch);
  assert.deepEqual(numbers(batch, 0n), [0, 1]);
  reader.read(batch);
  assert.equal(batch.length, 0);
  await lingering;
  reader.read(batch);
  assert.deepEqual(numbers(batch, 0n), [2]);
});

Deno.test("RingReader frees the room of what it has read, and no more", async () => {
  using filler = new RingFiller(PAGE_BYTES);
  using reader = new RingReader(filler.ringFd, PAGE_BYTES, 0n);
  const batch = new EventBatch(1000);
  const records = PAGE_BYTES / RECORD_BYTES;
  assert.equal(await filler.run("submit", records + 10), 1, "the ring is full");
  const kept = filler.written;
  assert.equal(await filler.run("submit"), 1, "still full: nothing was read");
  reader.read(batch);
  assert.deepEqual(numbers(batch, 0n), upTo(0, kept));
  assert.equal(await filler.run("submit"), 0);
  reader.read(batch);
  assert.deepEqual(numbers(batch, 0n), [kept]);
});

Deno.test("RingReader fills no more than the batch and goes on from there", async () => {
  using filler = new RingFiller(PAGE_BYTES);
  using reader = new RingReader(filler.ringFd, PAGE_BYTES, 0n);
  const batch = new EventBatch(40);
  await filler.run("submit", 100);
  const seen: number[] = [];
  for (const expected of [40, 40, 20, 0]) {
    reader.read(batch);
    assert.equal(batch.length, expected);
    seen.push(...numbers(batch, 0n));
  }
  assert.deepEqual(seen, upTo(0, 100));
});

Deno.test("RingReader counts timestamps from its origin, exactly, on either side of it", async () => {
  for (const originNs of [0xfffffff8n, 0x100000000n, 0xffff_ffff_ffffn]) {
    using filler = new RingFiller(PAGE_BYTES);
    using reader = new RingReader(filler.ringFd, PAGE_BYTES, originNs);
    const batch = new EventBatch(1000);
    await filler.run("submit", 50);
    reader.read(batch);
    assert.equal(numbers(batch, originNs).length, 50);
  }
});
