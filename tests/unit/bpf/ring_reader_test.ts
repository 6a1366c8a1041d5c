import assert from "node:assert/strict";
import fc from "fast-check";
import { RingReader } from "../../../lib/bpf/ring_reader.ts";
import { EventBatch } from "../../../lib/event/batch.ts";
import { DATA, DATA_BYTES } from "../../../lib/event/section.ts";
import { monotonicNs } from "../../../lib/ffi/libc.ts";
import { RingFiller } from "../../support/ring_filler.ts";

const PAGE_BYTES = 4096, RECORD_BYTES = 32;

/** With and without data: what is submitted, and the sections of these records. */
const KINDS = [["submit", []], ["submit_with_data", [DATA]]] as const;

/** The data of a record as ring_filler.bpf.c writes it. */
function dataOf(number: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(DATA_BYTES));
  for (let i = 0; i < DATA_BYTES / 4; i++) {
    view.setUint32(i * 4, Math.imul(number, 0x9e3779b1) + Math.imul(i, 0x85ebca6b), true);
  }
  return new Uint8Array(view.buffer);
}

/** The numbers of the records in a batch, each column checked against what ring_filler.bpf.c wrote. */
function numbers(batch: EventBatch, originNs: bigint): number[] {
  const { skb, timestamp, task, functionIndex, cpu, isReturn } = batch.columns;
  const data = batch.section(DATA)?.bytes;
  return Array.from({ length: batch.length }, (_, row) => {
    const number = functionIndex[row];
    const address = 0xffff888000000000n + BigInt(number) * 0x100n;
    assert.equal(skb[2 * row], Number(address & 0xffffffffn));
    assert.equal(skb[2 * row + 1], Number(address >> 32n));
    assert.equal(timestamp[row], Number(0xfffffff0n + BigInt(number) - originNs));
    assert.equal(task[row], Math.imul(number, 0x9e3779b1) >>> 0);
    assert.equal(cpu[row], (number * 5) & 0x7fff);
    assert.equal(isReturn[row], (number >> 1) & 1);
    if (data !== undefined) {
      const bytes = new Uint8Array(data.buffer, row * DATA_BYTES, DATA_BYTES);
      assert.deepEqual(bytes, dataOf(number));
    }
    return number;
  });
}

const upTo = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

Deno.test("RingReader gives nothing of an empty ring", async () => {
  using filler = await RingFiller.make(PAGE_BYTES);
  using reader = new RingReader(filler, [], 0n);
  const batch = new EventBatch(4);
  reader.read(batch);
  assert.equal(batch.length, 0);
});

Deno.test("RingReader gives every record once and in order, round the ring's end", async () => {
  for (const [submit, sections] of KINDS) {
    using filler = await RingFiller.make(PAGE_BYTES);
    using reader = new RingReader(filler, sections, 0n);
    const batch = new EventBatch(1000, sections);
    // Steps that don't divide the ring: its end falls at every place of a step.
    for (let from = 0; from < 20_000; from = filler.written) {
      assert.equal(await filler.run(submit, 1 + from % 41), 0);
      reader.read(batch);
      assert.deepEqual(numbers(batch, 0n), upTo(from, filler.written));
    }
  }
});

Deno.test("RingReader skips discarded records of any length", async () => {
  for (const [submit, sections] of KINDS) {
    using filler = await RingFiller.make(PAGE_BYTES);
    using reader = new RingReader(filler, sections, 0n);
    const batch = new EventBatch(1000, sections);
    for (let round = 0; round < 300; round++) {
      const from = filler.written;
      await filler.run("discard", 1 + round % 3);
      await filler.run(submit, 2);
      await filler.run("discard", round % 2);
      await filler.run(submit, 3);
      reader.read(batch);
      assert.deepEqual(numbers(batch, 0n), upTo(from, from + 5));
    }
  }
});

Deno.test("RingReader stops at a busy record and gives it once it is submitted", async () => {
  using filler = await RingFiller.make(PAGE_BYTES);
  using reader = new RingReader(filler, [], 0n);
  const batch = new EventBatch(1000);
  // Nothing is seen of a busy record when this thread has to wait for the CPU of `linger`.
  for (let attempt = 0, wasBusy = false; !wasBusy; attempt++) {
    assert.ok(attempt < 100, "no record is busy for long enough");
    const from = filler.written;
    await filler.run("submit", 2);
    const lingering = filler.run("linger");
    while (filler.written < from + 3); // reserved, but not submitted yet
    reader.read(batch);
    const first = numbers(batch, 0n);
    reader.read(batch);
    const second = numbers(batch, 0n);
    wasBusy = filler.release();
    if (wasBusy) assert.deepEqual([first, second], [upTo(from, from + 2), []]);
    await lingering;
    reader.read(batch);
    const third = numbers(batch, 0n);
    assert.deepEqual([...first, ...second, ...third], upTo(from, from + 3));
  }
});

Deno.test("RingReader frees the room of what it has read, and no more", async () => {
  using filler = await RingFiller.make(PAGE_BYTES);
  using reader = new RingReader(filler, [], 0n);
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
  const few = new EventBatch(15);
  assert.equal(await filler.run("submit", records + 10), 1, "full again");
  reader.read(few);
  assert.equal(await filler.run("submit", few.capacity), 0);
  assert.equal(await filler.run("submit"), 1, "room for no more than was read");
});

Deno.test("RingReader fills no more than the batch and goes on from there", async () => {
  for (const [submit, sections] of KINDS) {
    using filler = await RingFiller.make(PAGE_BYTES);
    using reader = new RingReader(filler, sections, 0n);
    const batch = new EventBatch(15, sections);
    await filler.run(submit, 40);
    const seen: number[] = [];
    for (const expected of [15, 15, 10, 0]) {
      reader.read(batch);
      assert.equal(batch.length, expected);
      seen.push(...numbers(batch, 0n));
    }
    assert.deepEqual(seen, upTo(0, 40));
  }
});

Deno.test("RingReader counts timestamps from its origin, exactly, on either side of it", async () => {
  for (const originNs of [0xfffffff8n, 0x100000000n, 0xffff_ffff_ffffn]) {
    using filler = await RingFiller.make(PAGE_BYTES);
    using reader = new RingReader(filler, [], originNs);
    const batch = new EventBatch(1000);
    await filler.run("submit", 50);
    reader.read(batch);
    assert.equal(numbers(batch, originNs).length, 50);
  }
});

Deno.test("RingReader puts the records of several rings in the order of their times", async () => {
  const pieces = fc.array(
    fc.record({
      ring: fc.nat({ max: 2 }),
      records: fc.integer({ min: 1, max: 9 }),
      isRead: fc.boolean(),
    }),
    { minLength: 1, maxLength: 40 },
  );
  const property = fc.asyncProperty(
    pieces,
    fc.integer({ min: 1, max: 30 }),
    async (all, capacity) => {
      using fillers = new DisposableStack();
      const made = await Promise.all([0, 1, 2].map(() => RingFiller.make(PAGE_BYTES)));
      const rings = made.map((filler) => fillers.use(filler));
      using reader = new RingReader(
        { fds: rings.flatMap(({ fds }) => fds), sizeBytes: PAGE_BYTES },
        [],
        0n,
      );
      const batch = new EventBatch(capacity);
      const seen: number[] = [];
      const readAll = () => {
        do {
          reader.read(batch);
          seen.push(...numbers(batch, 0n));
        } while (batch.length > 0);
      };
      let written = 0;
      for (const { ring, records, isRead } of all) {
        rings[ring].written = written;
        assert.equal(await rings[ring].run("submit", records), 0);
        written += records;
        if (isRead) readAll();
      }
      readAll();
      assert.deepEqual(seen, upTo(0, written));
    },
  );
  await fc.assert(property, { numRuns: 50 });
});

Deno.test("RingReader leaves for later what another ring may still have something before", async () => {
  using first = await RingFiller.make(PAGE_BYTES);
  using second = await RingFiller.make(PAGE_BYTES);
  using reader = new RingReader(
    { fds: [...first.fds, ...second.fds], sizeBytes: PAGE_BYTES },
    [],
    0n,
  );
  const batch = new EventBatch(10);
  // Made in the future, as it seems from the moment that the rings are looked at.
  const soonNs = monotonicNs() + 200_000_000n;
  first.written = Number(soonNs - 0xfffffff0n);
  await first.run("submit");
  await second.run("submit");
  reader.read(batch);
  assert.deepEqual(Array.from(batch.columns.timestamp.subarray(0, batch.length)), [0xfffffff0]);
  do reader.read(batch); while (batch.length === 0);
  assert.ok(monotonicNs() > soonNs);
  assert.deepEqual(Array.from(batch.columns.timestamp.subarray(0, batch.length)), [Number(soonNs)]);
});
