import assert from "node:assert/strict";
import { summarize } from "../../lib/summary.ts";

const counters = { hits: 126, lost: 0, dropped: 0 };
/** A trace that is complete. */
const complete = {
  delivered: 126,
  omitted: 0,
  counters,
  missed: 0,
  unformatted: 0,
  seconds: 1,
};

Deno.test("summarize says that nothing was lost", () => {
  const text = summarize({ ...complete, seconds: 4.25 });
  assert.equal(text, "126 events in 4.3 s, none lost.");
});

Deno.test("summarize gives loss with its total and the remedy", () => {
  const text = summarize({
    ...complete,
    delivered: 100,
    counters: { hits: 126, lost: 26, dropped: 0 },
    missed: undefined,
  });
  assert.equal(
    text,
    "100 events in 1.0 s, 26 lost of 126: the ring buffer was full: raise --buffer-size, or trace " +
      "fewer functions with --regex",
  );
});

Deno.test("summarize says how many events the module dropped", () => {
  const some = { hits: 126, lost: 0, dropped: 12 };
  assert.equal(
    summarize({ ...complete, delivered: 114, counters: some }),
    "114 events in 1.0 s, 12 dropped by the module, none lost.",
  );
  const [both] = summarize({
    ...complete,
    delivered: 88,
    counters: { ...some, lost: 26 },
  }).split("\n");
  assert.match(both, /^88 events in 1\.0 s, 12 dropped by the module, 26 lost of 126: /);
});

Deno.test("summarize tells of probe runs that the kernel skipped", () => {
  const [, line] = summarize({ ...complete, missed: 3 }).split("\n");
  assert.match(line, /^Up to 3 events are missing: the kernel skipped 3 probe runs/);
});

Deno.test("summarize does not hide events that are neither delivered nor lost", () => {
  const [, line] = summarize({ ...complete, delivered: 125 }).split("\n");
  assert.equal(line, "1 event was still being written when the trace ended.");
});

Deno.test("summarize counts the events for which the script failed", () => {
  const [, line] = summarize({ ...complete, unformatted: 1 }).split("\n");
  assert.equal(line, "The script failed for 1 event; the first error is shown above.");
});
