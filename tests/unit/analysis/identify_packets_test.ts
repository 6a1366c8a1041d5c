import assert from "node:assert/strict";
import fc from "fast-check";
import {
  batchOf,
  identifier,
  LAST,
  MIDDLE,
  packetsOf,
  type StageRow,
} from "../../support/identified_rows.ts";

Deno.test("IdentifyPackets numbers packets from 1, in the order of their first events", () => {
  assert.deepEqual(packetsOf([[7, MIDDLE], [3, MIDDLE], [7, MIDDLE], [9, LAST]]), [1, 2, 1, 3]);
});

Deno.test("IdentifyPackets begins another packet when an skb that was freed is entered again", () => {
  assert.deepEqual(packetsOf([[1, MIDDLE], [1, LAST], [1, MIDDLE], [1, LAST], [1, LAST]]), [
    ...[1, 1, 2, 2, 3],
  ]);
});

Deno.test("IdentifyPackets marks the entry with which a packet ends, and nothing else", () => {
  const batch = batchOf([[1, MIDDLE], [1, LAST], [1, LAST, 1], [2, LAST]]);
  identifier("function_graph").apply(batch);
  assert.deepEqual([...batch.columns.isLast], [0, 1, 0, 1]);
});

Deno.test("IdentifyPackets leaves a return with the packet of its entry, however late it comes", () => {
  const rows: StageRow[] = [
    [1, MIDDLE, undefined, 5],
    [1, LAST, undefined, 5],
    [1, LAST, 1, 5],
    [1, MIDDLE, undefined, 6], // another packet, on another CPU
    [1, MIDDLE, 1, 5],
    [1, MIDDLE, 1, 6],
  ];
  assert.deepEqual(packetsOf(rows, "function_graph"), [1, 1, 1, 2, 1, 2]);
});

Deno.test("IdentifyPackets gives a return without its entry to the latest packet of its skb", () => {
  const rows: StageRow[] = [[1, MIDDLE, 1], [1, MIDDLE], [1, LAST], [1, LAST, 1], [1, MIDDLE, 1]];
  assert.deepEqual(packetsOf(rows, "function_graph"), [1, 1, 1, 1, 1]);
});

Deno.test("IdentifyPackets numbers calls, and knows a return whose entry is missing", () => {
  const batch = batchOf([[1, MIDDLE], [1, LAST], [1, LAST, 1], [1, LAST, 1], [1, MIDDLE, 1]]);
  identifier("function_graph").apply(batch);
  assert.deepEqual([...batch.columns.call], [1, 2, 2, 0, 1]);
});

Deno.test("IdentifyPackets gives the same packets, however the events are cut into batches", () => {
  const row = fc.tuple(
    fc.nat(5),
    fc.constantFrom(MIDDLE, MIDDLE, LAST),
    fc.constantFrom(undefined, 1 as const),
    fc.nat(2),
  );
  fc.assert(
    fc.property(fc.array(row), fc.nat(100), fc.boolean(), (rows, cut, isGraph) => {
      const tracer = isGraph ? "function_graph" : "function";
      const given = rows.map((
        [skb, fn, isReturn, task],
      ): StageRow => [skb, fn, isGraph ? isReturn : undefined, task]);
      const stage = identifier(tracer);
      const parts = [given.slice(0, cut), given.slice(cut)].flatMap((part) => {
        const batch = batchOf(part);
        stage.apply(batch);
        return Array.from(batch.columns.packet.subarray(0, batch.length));
      });
      assert.deepEqual(parts, packetsOf(given, tracer));
    }),
  );
});

Deno.test("IdentifyPackets identifies more skbs and calls than it has room for at first", () => {
  const rows = Array.from(
    { length: 50_000 },
    (_, i): StageRow => [i >>> 1, MIDDLE, i & 1 ? 1 : 0 as never],
  );
  const packets = packetsOf(rows, "function_graph");
  assert.deepEqual([packets[0], packets[1], packets.at(-2), packets.at(-1)], [
    1,
    1,
    25_000,
    25_000,
  ]);
});

Deno.test("IdentifyPackets forgets an skb whose packet has ended long ago, and no other", () => {
  const identify = identifier("function_graph");
  const packetsOfRows = (rows: readonly StageRow[]) => {
    const batch = batchOf(rows);
    identify.apply(batch);
    return [...batch.columns.packet];
  };
  // Of the third skb a call is open, the second has not ended.
  packetsOfRows([[1, LAST], [1, LAST, 1], [2, MIDDLE], [3, LAST, undefined, 9]]);
  const ENDS = 1 << 16;
  const ended = (count: number) =>
    Array.from({ length: count }, (_, i): StageRow[] => [[9 + i, LAST], [9 + i, LAST, 1]]).flat();
  packetsOfRows(ended(ENDS - 2));
  const returns: StageRow[] = [[1, MIDDLE, 1], [2, MIDDLE, 1], [3, MIDDLE, 1]];
  assert.deepEqual(packetsOfRows(returns), [1, 2, 3]);
  packetsOfRows(ended(ENDS));
  const next = 3 + ENDS - 2 + ENDS + 1;
  assert.deepEqual(packetsOfRows(returns), [next, 2, 3]);
});
