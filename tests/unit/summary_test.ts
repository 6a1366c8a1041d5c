import assert from "node:assert/strict";
import { summarize } from "../../lib/summary.ts";

const counters = { hits: 126, lost: 0 };

Deno.test("summarize says that nothing was lost", () => {
  const text = summarize({ delivered: 126, counters, missed: 0, seconds: 4.25 });
  assert.equal(text, "126 events in 4.3 s, none lost.");
});

Deno.test("summarize gives loss with its total and the remedy", () => {
  const text = summarize({
    delivered: 100,
    counters: { hits: 126, lost: 26 },
    missed: undefined,
    seconds: 1,
  });
  assert.equal(
    text,
    "100 events in 1.0 s, 26 lost of 126: the ring buffer was full: raise --buffer-size, or trace " +
      "fewer functions with --regex",
  );
});

Deno.test("summarize tells of probe runs that the kernel skipped", () => {
  const [, line] = summarize({ delivered: 126, counters, missed: 3, seconds: 1 }).split("\n");
  assert.match(line, /^Up to 3 events are missing: the kernel skipped 3 probe runs/);
});

Deno.test("summarize does not hide events that are neither delivered nor lost", () => {
  const [, line] = summarize({ delivered: 125, counters, missed: 0, seconds: 1 }).split("\n");
  assert.equal(line, "1 event was still being written when the trace ended.");
});
