import assert from "node:assert/strict";
import fc from "fast-check";
import { FollowJourneys } from "../../../lib/analysis/follow_journeys.ts";
import type { IdentifyPackets } from "../../../lib/analysis/identify_packets.ts";
import { LimitPackets } from "../../../lib/analysis/limit_packets.ts";
import { EventBatch } from "../../../lib/event/batch.ts";
import { LINEAGE } from "../../../lib/event/lineage.ts";
import { DATA } from "../../../lib/event/section.ts";
import { rowsArbitrary } from "../../support/any_rows.ts";
import { follow, NOBODY } from "../../support/followed.ts";
import { batchOf, identifier, LAST, MIDDLE, type StageRow } from "../../support/identified_rows.ts";
import { fill } from "../../support/sink_fixture.ts";

/** The two stages of a trace with `-n`. */
function stages(limit: number): [IdentifyPackets, LimitPackets] {
  return [identifier("function_graph"), new LimitPackets(limit)];
}

/** Which rows pass. */
function passed([identify, limit]: [IdentifyPackets, LimitPackets], ...rows: StageRow[]): number[] {
  const batch = batchOf(rows);
  identify.apply(batch);
  limit.apply(batch);
  const { columns } = batch;
  const kept = Array.from(columns.timestamp.subarray(0, batch.length));
  kept.forEach((from, to) => {
    const [skb, functionIndex, isReturn] = rows[from];
    const { bytes } = batch.section(DATA)!;
    assert.deepEqual(
      [columns.skb[2 * to], columns.functionIndex[to], columns.isReturn[to], bytes[to * 16 + 15]],
      [skb, functionIndex, isReturn ?? 0, from],
    );
  });
  return kept;
}

Deno.test("LimitPackets lets the first packets pass, until all of them have ended", () => {
  const both = stages(2);
  assert.deepEqual(passed(both, [1, MIDDLE], [2, MIDDLE], [3, MIDDLE], [1, MIDDLE], [2, LAST]), [
    ...[0, 1, 3, 4],
  ]);
  assert(!both[1].isComplete);
  assert.deepEqual(passed(both, [2, MIDDLE], [3, LAST], [1, LAST], [1, MIDDLE]), [2]);
  assert(both[1].isComplete);
});

Deno.test("LimitPackets counts packets, not addresses: a freed skb is another packet", () => {
  const both = stages(2);
  assert.deepEqual(passed(both, [1, MIDDLE], [1, LAST], [1, MIDDLE], [1, LAST], [1, MIDDLE]), [
    ...[0, 1, 2, 3],
  ]);
  assert(both[1].isComplete);
});

Deno.test("LimitPackets lets calls return that were open when their packet ended", () => {
  const rows: StageRow[] = [[1, MIDDLE], [1, LAST], [1, LAST, 1], [2, LAST, 1], [1, MIDDLE, 1]];
  assert.deepEqual(passed(stages(1), ...rows), [0, 1, 2, 4]);
});

Deno.test("LimitPackets drops the returns of packets that it has dropped", () => {
  const rows: StageRow[] = [[1, MIDDLE], [1, LAST], [1, MIDDLE, undefined, 9], [1, MIDDLE, 1, 9]];
  assert.deepEqual(passed(stages(1), ...rows), [0, 1]);
});

Deno.test("LimitPackets without a limit lets everything pass and is never complete", () => {
  const identify = identifier();
  const limit = new LimitPackets();
  assert.deepEqual(passed([identify, limit], [1, LAST], [1, LAST], [2, MIDDLE]), [0, 1, 2]);
  assert(!limit.isComplete);
});

Deno.test("LimitPackets tells once when the last packet that passes begins", () => {
  let times = 0;
  const both = [identifier(), new LimitPackets(2, () => times++)] as const;
  passed([...both], [1, MIDDLE], [1, MIDDLE]);
  assert.deepEqual([times, both[1].isReached], [0, false]);
  passed([...both], [2, MIDDLE], [3, MIDDLE], [2, MIDDLE], [4, MIDDLE]);
  assert.deepEqual([times, both[1].isReached], [1, true]);
});

Deno.test("LimitPackets lets whole journeys pass, and does not count returns without an entry", () => {
  fc.assert(
    fc.property(rowsArbitrary, fc.integer({ min: 1, max: 3 }), (rows, limit) => {
      const batch = new EventBatch(Math.max(1, rows.length), [DATA, LINEAGE]);
      fill(batch, rows);
      new FollowJourneys({ tracer: "function_graph", functions: [] }).apply(batch);
      batch.columns.timestamp.forEach((_, row, times) => times[row] = row);
      const stage = new LimitPackets(limit);
      stage.apply(batch);
      const followed = follow(rows);
      const first = [...new Set(followed.map(({ lineage }) => lineage.journey))];
      const isKnown = (journey: number) => journey !== NOBODY.journey;
      const last = first.filter(isKnown)[limit - 1];
      const passing = last === undefined ? first : first.slice(0, first.indexOf(last) + 1);
      assert.deepEqual(
        [...batch.columns.timestamp.subarray(0, batch.length)],
        [...rows.keys()].filter((row) => passing.includes(followed[row].lineage.journey)),
      );
      assert.equal(stage.isReached, last !== undefined);
    }),
  );
});

Deno.test("LimitPackets drops the same events, however they are cut into batches", () => {
  const row = fc.tuple(
    fc.nat(5),
    fc.constantFrom(MIDDLE, MIDDLE, LAST),
    fc.constantFrom(undefined, 1 as const),
  );
  fc.assert(
    fc.property(fc.array(row), fc.nat(7), fc.nat(100), (rows, limit, cut) => {
      const whole = stages(limit + 1), parts = stages(limit + 1);
      const first = rows.slice(0, cut), second = rows.slice(cut);
      const expected = passed(whole, ...rows);
      assert.deepEqual(
        [...passed(parts, ...first), ...passed(parts, ...second).map((i) => i + first.length)],
        expected,
      );
    }),
  );
});
