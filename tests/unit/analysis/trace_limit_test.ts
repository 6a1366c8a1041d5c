import assert from "node:assert/strict";
import fc from "fast-check";
import { EventBatch } from "../../../lib/event/event.ts";
import { TraceCount } from "../../../lib/analysis/trace_count.ts";

const [MIDDLE, LAST] = [0, 1];
const IS_LAST = [false, true];

/** An event: which skb, which function, and whether it is a return. */
type Row = readonly [skb: number, functionIndex: number, isReturn?: 1];

function batchOf(rows: readonly Row[]): EventBatch {
  const batch = new EventBatch(Math.max(1, rows.length), true);
  rows.forEach(([skb, functionIndex, isReturn], row) => {
    batch.skbHigh[row] = 0xffff8880;
    batch.skbLow[row] = skb;
    batch.functionIndex[row] = functionIndex;
    batch.isReturn[row] = isReturn ?? 0;
    batch.timestamp[row] = row;
    batch.data!.fill(row, row * 16, row * 16 + 16);
  });
  batch.length = rows.length;
  return batch;
}

/** Which rows pass. */
function passed(count: TraceCount, ...rows: Row[]): number[] {
  const batch = batchOf(rows);
  count.take(batch);
  const kept = Array.from(batch.timestamp.subarray(0, batch.length));
  kept.forEach((from, to) => {
    const [skb, functionIndex, isReturn] = rows[from];
    assert.deepEqual(
      [batch.skbLow[to], batch.functionIndex[to], batch.isReturn[to], batch.data![to * 16 + 15]],
      [skb, functionIndex, isReturn ?? 0, from],
    );
  });
  return kept;
}

Deno.test("TraceCount with a limit lets the first packets pass, until all of them have ended", () => {
  const count = new TraceCount(IS_LAST, 2);
  assert.deepEqual(passed(count, [1, MIDDLE], [2, MIDDLE], [3, MIDDLE], [1, MIDDLE], [2, LAST]), [
    ...[0, 1, 3, 4],
  ]);
  assert(!count.isComplete);
  assert.deepEqual(passed(count, [2, MIDDLE], [3, LAST], [1, LAST], [1, MIDDLE]), [2]);
  assert(count.isComplete);
});

Deno.test("TraceCount with a limit counts packets, not addresses: a freed skb is another packet", () => {
  const count = new TraceCount(IS_LAST, 2);
  assert.deepEqual(passed(count, [1, MIDDLE], [1, LAST], [1, MIDDLE], [1, LAST], [1, MIDDLE]), [
    ...[0, 1, 2, 3],
  ]);
  assert(count.isComplete);
});

Deno.test("TraceCount with a limit lets calls return that were open when their packet ended", () => {
  const count = new TraceCount(IS_LAST, 1);
  assert.deepEqual(
    passed(count, [1, MIDDLE], [1, LAST], [1, LAST, 1], [2, LAST, 1], [1, MIDDLE, 1]),
    [
      ...[0, 1, 2, 4],
    ],
  );
});

Deno.test("TraceCount with a limit leaves out the same events, however they are cut into batches", () => {
  const row = fc.tuple(
    fc.nat(5),
    fc.constantFrom(MIDDLE, MIDDLE, LAST),
    fc.constantFrom(undefined, 1 as const),
  );
  fc.assert(
    fc.property(fc.array(row), fc.nat(7), fc.nat(100), (rows, limit, cut) => {
      const whole = new TraceCount(IS_LAST, limit + 1),
        parts = new TraceCount(IS_LAST, limit + 1);
      const first = rows.slice(0, cut), second = rows.slice(cut);
      const expected = passed(whole, ...rows as Row[]);
      assert.deepEqual(
        [
          ...passed(parts, ...first as Row[]),
          ...passed(parts, ...second as Row[]).map((i) => i + first.length),
        ],
        expected,
      );
    }),
  );
});
