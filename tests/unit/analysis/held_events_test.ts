import assert from "node:assert/strict";
import fc from "fast-check";
import { HeldEvents } from "../../../lib/analysis/held/held_events.ts";
import { EventBatch } from "../../../lib/event/batch.ts";
import type { Section } from "../../../lib/event/section.ts";
import { TinyBound } from "../../support/tiny_bound.ts";

/** A column of each type. */
const SECTION = {
  name: "all",
  description: "",
  columns: {
    a: { type: "u8", description: "" },
    b: { type: "u64", description: "" },
    c: { type: "u16", description: "" },
    d: { type: "bytes", sizeBytes: 12, description: "" },
    e: { type: "time", description: "" },
    f: { type: "u32", description: "" },
  },
  placeholder: 0,
} as const satisfies Section;

/** Events of packets that are numbered as they begin. */
const eventsArbitrary = fc.array(
  fc.record({ packet: fc.nat(30), timestamp: fc.integer({ min: -20, max: 20 }) }),
  { maxLength: 300, size: "max" },
).map((events) => {
  const numbers = new Map<number, number>();
  return events.map(({ packet, timestamp }, event) => {
    if (!numbers.has(packet)) numbers.set(packet, numbers.size + 1);
    return { packet: numbers.get(packet)!, timestamp, event };
  });
});

Deno.test("HeldEvents gives all columns of all events back, in order, from memory and file", async () => {
  await fc.assert(
    fc.asyncProperty(eventsArbitrary, fc.integer({ min: 1, max: 8000 }), (events, bytes) => {
      const bound = new TinyBound(bytes);
      const held = new HeldEvents(["cpu"], [SECTION], bound);
      const batch = new EventBatch(16, [SECTION]);
      const columns = batch.section(SECTION)!;
      for (let from = 0; from < events.length; from += 16) {
        const part = events.slice(from, from + 16);
        part.forEach(({ packet, timestamp, event }, row) => {
          batch.columns.packet[row] = packet;
          batch.columns.timestamp[row] = timestamp;
          batch.columns.cpu[row] = event;
          columns.a[row] = event;
          columns.b.set([event, event + 1], 2 * row);
          columns.c[row] = event + 2;
          columns.d.set([event + 3, event + 4, event + 5], 3 * row);
          columns.e[row] = event + 0.5;
          columns.f[row] = event + 6;
        });
        batch.length = part.length;
        held.append(batch);
      }
      const { count, latest, next } = held.ordered();
      assert.equal(count, events.length);
      assert.equal(latest, Math.max(...events.map(({ timestamp }) => timestamp)));
      const given: typeof events = [];
      while (next(batch)) {
        for (let row = 0; row < batch.length; row++) {
          const event = batch.columns.cpu[row];
          assert.equal(columns.a[row], event & 0xff);
          assert.deepEqual([...columns.b.subarray(2 * row, 2 * row + 2)], [event, event + 1]);
          assert.equal(columns.c[row], event + 2);
          const words = [...columns.d.subarray(3 * row, 3 * row + 3)];
          assert.deepEqual(words, [event + 3, event + 4, event + 5]);
          assert.deepEqual([columns.e[row], columns.f[row]], [event + 0.5, event + 6]);
          const packet = batch.columns.packet[row], timestamp = batch.columns.timestamp[row];
          given.push({ packet, timestamp, event });
        }
      }
      const byTime = events.toSorted((a, b) => a.timestamp - b.timestamp);
      const packets = Map.groupBy(byTime, ({ packet }) => packet);
      assert.deepEqual(given, [...packets.values()].flat());
      return Promise.resolve();
    }),
    { numRuns: 300 },
  );
});
