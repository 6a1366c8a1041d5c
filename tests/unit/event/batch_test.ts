import assert from "node:assert/strict";
import fc from "fast-check";
import { EventBatch } from "../../../lib/event/batch.ts";
import { widestText } from "../../../lib/event/column.ts";
import { EVENT } from "../../../lib/event/event.ts";
import { recordLayout, structLayout } from "../../../lib/event/layout.ts";
import { DATA } from "../../../lib/event/section.ts";
import { META } from "../../../lib/sections/meta/meta.ts";

Deno.test("EventBatch.keep leaves these rows of all columns and sections, in their order", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 50 }), (kept) => {
      const batch = new EventBatch(kept.length, [DATA, META]);
      const arrays = [
        ...Object.values(batch.columns),
        ...Object.values(batch.section(DATA)!),
        ...Object.values(batch.section(META)!),
      ];
      for (const array of arrays) {
        const elements = array.length / kept.length;
        array.forEach((_, i) => array[i] = Math.floor(i / elements));
      }
      const rows = Uint32Array.from(kept.flatMap((isKept, row) => isKept ? [row] : []));
      batch.keep(rows, rows.length);
      assert.equal(batch.length, rows.length);
      for (const array of arrays) {
        const elements = array.length / kept.length;
        const left = Array.from(array.subarray(0, rows.length * elements));
        assert.deepEqual(left, left.map((_, i) => rows[Math.floor(i / elements)]));
      }
    }),
  );
});

Deno.test("EventBatch has the sections that it was made for, and no others", () => {
  const batch = new EventBatch(8, [META]);
  assert.equal(batch.section(META)?.len.length, 8);
  assert.equal(batch.section(DATA), undefined);
});

Deno.test("structLayout lays columns out as C does, bit fields beside each other", () => {
  const { places, sizeBytes } = structLayout(EVENT);
  assert.equal(sizeBytes, 24);
  assert.deepEqual(places.get("cpu"), { offsetBytes: 22, sizeBytes: 2, shift: 0, bits: 15 });
  assert.deepEqual(places.get("isReturn"), { offsetBytes: 22, sizeBytes: 2, shift: 15, bits: 1 });
  const column = (type: "u8" | "u16" | "u32" | "u64") => ({ type, description: "" });
  const padded = structLayout({
    a: column("u8"),
    b: column("u32"),
    c: column("u16"),
    d: column("u64"),
  });
  assert.deepEqual([...padded.places.values()].map(({ offsetBytes }) => offsetBytes), [
    0,
    4,
    8,
    16,
  ]);
  assert.equal(padded.sizeBytes, 24);
});

Deno.test("recordLayout puts sections behind the event, in their order, and nothing without them", () => {
  assert.equal(recordLayout([]).sizeBytes, 24);
  const { sizeBytes, offsets } = recordLayout([DATA, META]);
  assert.deepEqual([offsets.get(DATA), offsets.get(META), sizeBytes], [24, 88, 96]);
});

Deno.test("widestText is the longest text of any value", () => {
  const widest = (type: "u8" | "u16" | "u32" | "u64" | "time") =>
    widestText({ type, description: "" });
  assert.deepEqual((["u8", "u16", "u32", "u64"] as const).map(widest), [3, 5, 10, 20]);
  assert.equal(widest("time"), String(2n ** 64n - 1n).length);
  assert.equal(widestText({ type: "u64", notation: "hexadecimal", description: "" }), 18);
});
