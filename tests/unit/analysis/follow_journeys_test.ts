import assert from "node:assert/strict";
import fc from "fast-check";
import { FollowJourneys } from "../../../lib/analysis/follow_journeys.ts";
import { EventBatch } from "../../../lib/event/batch.ts";
import { LINEAGE } from "../../../lib/event/lineage.ts";
import { DATA } from "../../../lib/event/section.ts";
import type { Tracer } from "../../../lib/event/trace_header.ts";
import { follow, type Followed, type Lineage, NOBODY } from "../../support/followed.ts";
import { lose, run, stepsArbitrary, truePartners, withPackets } from "../../support/graph_calls.ts";
import { rowsArbitrary } from "../../support/any_rows.ts";
import { fill } from "../../support/sink_fixture.ts";
import type { Row } from "../../support/row.ts";

/** What the stage makes of rows, given to it in batches of at most `batchSize`. */
function identified(
  rows: readonly Row[],
  stage = new FollowJourneys({ tracer: "function_graph", functions: [] }),
  batchSize = 1024,
): Followed[] {
  const batch = new EventBatch(batchSize, [DATA, LINEAGE]);
  const { packet, isFirst, isLast, call, entered } = batch.columns;
  const lineage = batch.section(LINEAGE)!;
  const identified: Followed[] = [];
  for (let start = 0; start < rows.length; start += batchSize) {
    const given = rows.slice(start, start + batchSize);
    fill(batch, given);
    isFirst.fill(7);
    isLast.fill(7);
    call.fill(7);
    stage.apply(batch);
    given.forEach(({ isReturn }, row) => {
      assert.equal(isLast[row], 0);
      identified.push({
        lineage: {
          packet: lineage.packet[row],
          relative: lineage.relative[row],
          journey: lineage.journey[row],
          origin: lineage.origin[row],
        },
        journey: packet[row],
        isFirst: isFirst[row] === 1,
        call: call[row],
        ...isReturn && call[row] !== 0 && { entered: entered[row] },
      });
    });
  }
  return identified;
}

/** The same by the reference. */
function expected(rows: readonly Row[]): Followed[] {
  return follow(rows).map(({ entry, ...followed }) => (
    { ...followed, ...entry && { entered: entry.timestamp } }
  ));
}

/** An entry of a packet; without other numbers, it matched. */
function entry(skb: number, packet: number, lineage: Partial<Lineage> = {}): Row {
  const its = { packet, relative: 0, journey: packet, origin: 0, ...lineage };
  return { skb: BigInt(skb), timestamp: 0, functionIndex: 0, cpu: 0, lineage: its };
}

function exit(skb: number, task?: number): Row {
  return { skb: BigInt(skb), timestamp: 0, functionIndex: 0, cpu: 0, task, isReturn: true };
}

const batchSizeArbitrary = fc.integer({ min: 1, max: 30 });

Deno.test("FollowJourneys numbers journeys from 1, in the order of their first events", () => {
  const rows = [
    entry(1, 90),
    entry(2, 91, { journey: 90, relative: 90, origin: 1 }),
    entry(3, 40),
    entry(2, 91, { journey: 90, relative: 90, origin: 1 }),
    entry(1, 92, { journey: 40, relative: 40, origin: 1 }),
  ];
  const followed = identified(rows);
  assert.deepEqual(followed.map(({ journey }) => journey), [1, 1, 2, 1, 2]);
  assert.deepEqual(followed.map(({ isFirst }) => isFirst), [true, true, true, false, true]);
});

Deno.test("FollowJourneys knows a packet that was merged into another for the one that it was", () => {
  const rows = [entry(1, 5), entry(1, 5, { relative: 3, origin: 7 })];
  assert.deepEqual(identified(rows).map(({ isFirst }) => isFirst), [true, false]);
});

Deno.test("FollowJourneys gives a return the packet of its entry, not that of its address", () => {
  const rows = [
    { ...entry(1, 5, { journey: 3, relative: 4, origin: 2 }), task: 7 },
    { ...entry(1, 6), task: 8 }, // the skb was freed inside the call, and is another packet
    exit(1, 7),
    exit(1, 8),
  ];
  assert.deepEqual(identified(rows).map(({ lineage }) => lineage.packet), [5, 6, 5, 6]);
  assert.deepEqual(identified(rows)[2].lineage, rows[0].lineage);
});

Deno.test("FollowJourneys puts returns whose entry is missing into a journey of their own", () => {
  const rows = [entry(1, 5), exit(1), exit(1), exit(2), entry(3, 6), exit(4)];
  const followed = identified(rows);
  assert.deepEqual(followed.map(({ journey }) => journey), [1, 1, 2, 2, 3, 2]);
  assert.deepEqual([followed[2], followed[5]].map(({ lineage }) => lineage), [NOBODY, NOBODY]);
});

Deno.test("FollowJourneys follows any events as its definition says, whatever the batches", () => {
  fc.assert(
    fc.property(rowsArbitrary, batchSizeArbitrary, (rows, batchSize) => {
      assert.deepEqual(identified(rows, undefined, batchSize), expected(rows));
    }),
  );
});

Deno.test("FollowJourneys follows calls as its definition says, whatever is lost", () => {
  fc.assert(
    fc.property(stepsArbitrary, batchSizeArbitrary, (steps, batchSize) => {
      const { rows, lost } = withPackets(run(steps));
      const left = rows.filter((row) => !lost.has(row));
      assert.deepEqual(identified(left, undefined, batchSize), expected(left));
    }),
  );
});

Deno.test("FollowJourneys never mistakes the packet of a return that has its entry", () => {
  fc.assert(
    fc.property(stepsArbitrary, (steps) => {
      const trace = withPackets(run(steps));
      const left = lose(trace);
      const partners = truePartners(trace.calls, left);
      const followed = identified(left);
      left.forEach((row, i) => {
        const isKnown = !row.isReturn || partners.has(row);
        assert.deepEqual(followed[i].lineage, isKnown ? row.lineage : NOBODY);
      });
    }),
  );
});

Deno.test("FollowJourneys of traces without returns gives the same numbers", () => {
  fc.assert(
    fc.property(rowsArbitrary, (rows) => {
      const entries = rows.filter(({ isReturn }) => !isReturn);
      const tracer: Tracer = "function";
      const withoutCalls = expected(entries).map((row) => ({ ...row, call: 0 }));
      assert.deepEqual(
        identified(entries, new FollowJourneys({ tracer, functions: [] })),
        withoutCalls,
      );
    }),
  );
});

Deno.test("FollowJourneys remembers the last journeys, and begins another for a later event", () => {
  const stage = new FollowJourneys({ tracer: "function", functions: [] }, 3);
  const numbers = (...packets: number[]) =>
    identified(packets.map((packet) => entry(packet, packet)), stage).map(({ journey }) => journey);
  assert.deepEqual(numbers(10, 11, 12, 10), [1, 2, 3, 1]);
  assert.deepEqual(numbers(13, 11, 12, 13, 10), [4, 2, 3, 4, 5]);
});

Deno.test("FollowJourneys keeps the addresses of open calls, however many come after them", () => {
  const stage = new FollowJourneys({ tracer: "function_graph", functions: [] }, 2);
  const open = Array.from({ length: 20 }, (_, i) => ({ ...entry(i, i + 1), task: i }));
  const others = Array.from({ length: 50 }, (_, i) => [entry(100 + i, 100 + i), exit(100 + i)]);
  const returns = open.map((_, i) => exit(i, i));
  const followed = identified([...open, ...others.flat(), ...returns], stage);
  const packets = followed.slice(-20).map(({ lineage }) => lineage.packet);
  assert.deepEqual(packets, open.map(({ lineage }) => lineage!.packet));
});

Deno.test("FollowJourneys takes no more memory for more packets than it remembers", () => {
  const stage = new FollowJourneys({ tracer: "function_graph", functions: [] }, 1000);
  const batch = new EventBatch(2, [LINEAGE]);
  fill(batch, [entry(1, 1), exit(1)]);
  const { skb } = batch.columns;
  const { packet, journey } = batch.section(LINEAGE)!;
  const before = Deno.memoryUsage();
  for (let number = 1; number < 1_000_000; number++) {
    skb[0] =
      skb[2] =
      packet[0] =
      journey[0] =
        number;
    packet[1] = journey[1] = 0;
    stage.apply(batch);
  }
  const { heapUsed, external } = Deno.memoryUsage();
  const grownBytes = heapUsed + external - before.heapUsed - before.external;
  assert(grownBytes < 40_000_000, `${grownBytes} bytes more`);
});
