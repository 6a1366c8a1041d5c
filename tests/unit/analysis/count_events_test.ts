import assert from "node:assert/strict";
import fc from "fast-check";
import { CountEvents } from "../../../lib/analysis/count_events.ts";
import { FollowJourneys } from "../../../lib/analysis/follow_journeys.ts";
import { IdentifyPackets } from "../../../lib/analysis/identify_packets.ts";
import { EventBatch } from "../../../lib/event/batch.ts";
import { LINEAGE, NO_PACKET } from "../../../lib/event/lineage.ts";
import { DATA } from "../../../lib/event/section.ts";
import { AggregateSink } from "../../../lib/output/aggregate/aggregate.ts";
import { manyRows, rowsArbitrary } from "../../support/any_rows.ts";
import { follow } from "../../support/followed.ts";
import { fill, written } from "../../support/sink_fixture.ts";
import { FUNCTIONS, type Row } from "../../support/row.ts";

function counted(rows: readonly Row[], batchSize = 1024): CountEvents {
  const identify = new IdentifyPackets({ tracer: "function_graph", functions: FUNCTIONS });
  const count = new CountEvents();
  const batch = new EventBatch(batchSize);
  for (let start = 0; start < rows.length; start += batchSize) {
    fill(batch, rows.slice(start, start + batchSize).map((row) => ({ ...row, data: undefined })));
    identify.apply(batch);
    count.apply(batch);
  }
  return count;
}

function row(skb: bigint, functionIndex: number, isReturn = false): Row {
  return { skb, functionIndex, isReturn, timestamp: 0, cpu: 0 };
}

Deno.test("CountEvents counts events, packets and functions", () => {
  assert.deepEqual([counted([]).events, counted([]).packets, counted([]).functions], [0, 0, 0]);
  const count = counted([row(1n, 0), row(2n, 0), row(2n ** 32n, 2), row(1n, 2)], 2);
  assert.deepEqual([count.events, count.packets, count.functions], [4, 3, 2]);
});

Deno.test("CountEvents counts an skb that was freed again, but not for calls that return late", () => {
  const [MIDDLE, LAST] = [0, 1];
  const rows = [row(1n, MIDDLE), row(1n, LAST), row(1n, LAST, true), row(1n, MIDDLE, true)];
  assert.equal(counted(rows).packets, 1);
  assert.equal(counted([...rows, row(1n, MIDDLE)]).packets, 2);
  assert.equal(counted([row(1n, MIDDLE, true), ...rows]).packets, 1);
});

Deno.test("CountEvents counts as many packets as are shown", async () => {
  const arbitrary = fc.array(fc.tuple(fc.bigInt(0n, 4n), fc.nat(FUNCTIONS.length - 1)), {
    minLength: 1,
  });
  await fc.assert(
    fc.asyncProperty(arbitrary, fc.integer({ min: 1, max: 9 }), async (pairs, size) => {
      const rows = pairs.map(([skb, fn], i) => ({ ...row(skb, fn), timestamp: i }));
      const info = { tracer: "function", functions: FUNCTIONS, originNs: 1n } as const;
      const shown = (await written(AggregateSink, info, rows)).split("===\n").length;
      assert.equal(counted(rows, size).packets, shown);
    }),
  );
});

Deno.test("CountEvents counts journeys, and the packets that came out of others", () => {
  fc.assert(
    fc.property(rowsArbitrary, fc.integer({ min: 1, max: 9 }), (rows, batchSize) => {
      const stages = [
        new FollowJourneys({ tracer: "function_graph", functions: [] }),
        new CountEvents(),
      ] as const;
      const batch = new EventBatch(batchSize, [DATA, LINEAGE]);
      for (let start = 0; start < rows.length; start += batchSize) {
        fill(batch, rows.slice(start, start + batchSize));
        for (const stage of stages) stage.apply(batch);
      }
      const followed = follow(rows).filter(({ lineage }) => lineage.packet !== NO_PACKET);
      const journeys = new Set(followed.map(({ lineage }) => lineage.journey));
      const others = followed.filter(({ isFirst, lineage: { packet, journey } }) =>
        isFirst && packet !== journey
      );
      const [, count] = stages;
      assert.deepEqual([count.packets, count.descendants], [journeys.size, others.length]);
    }),
  );
});

Deno.test("CountEvents counts more packets than the skbs that stages have room for at first", () => {
  const rows = manyRows(50_000).map((row) => ({ ...row, isReturn: false }));
  const skbs = new Set(rows.map(({ skb }) => skb));
  assert.ok(counted(rows).packets >= skbs.size);
  assert.equal(counted(rows.map((row) => ({ ...row, functionIndex: 0 }))).packets, skbs.size);
});
