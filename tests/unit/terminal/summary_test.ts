import assert from "node:assert/strict";
import { LossReport, progressText, summarize } from "../../../lib/terminal/summary.ts";

const completeness = {
  ...{ hits: 126, lost: 0, dropped: 0, undecided: 0, delivered: 126 },
  ...{ unfollowedCalls: 0, unfollowedPackets: 0 },
};
/** A trace that is complete. */
const complete = {
  count: { events: 126, packets: 3, descendants: 0, functions: 42 },
  completeness,
  missed: 0,
  unformatted: 0,
  notKept: 0,
  seconds: 1,
};

Deno.test("summarize says that nothing was lost", () => {
  const text = summarize({ ...complete, seconds: 4.25 });
  assert.equal(text, "126 events in 42 functions, of 3 packets, in 4.3 s, none lost.");
});

Deno.test("summarize gives loss with its total and the remedy", () => {
  const text = summarize({
    ...complete,
    count: { events: 100, packets: 1, descendants: 0, functions: 1 },
    completeness: { ...completeness, lost: 26, delivered: 100 },
  });
  assert.equal(
    text,
    "100 events in 1 function, of 1 packet, in 1.0 s, 26 lost of 126: the ring buffer was full: raise --buffer-size, or trace " +
      "fewer functions with --regex",
  );
});

Deno.test("summarize does not promise what the kernel does not count", () => {
  assert.equal(
    summarize({ ...complete, missed: undefined }),
    "126 events in 42 functions, of 3 packets, in 1.0 s, none lost; this kernel does not count the " +
      "probe runs that it skips.",
  );
  const lossy = { ...completeness, hits: 128, lost: 2 };
  assert.match(
    summarize({ ...complete, completeness: lossy, missed: undefined }),
    /, 2 lost of 128: .* with --regex; this kernel does not count the probe runs that it skips\.$/,
  );
});

Deno.test("summarize says how many events the extension dropped", () => {
  const some114 = { ...complete.count, events: 114 };
  const some = { ...completeness, dropped: 12, delivered: 114 };
  assert.equal(
    summarize({ ...complete, count: some114, completeness: some }),
    "114 events in 42 functions, of 3 packets, in 1.0 s, 12 dropped by the extension, none lost.",
  );
  const [both] = summarize({
    ...complete,
    count: { ...complete.count, events: 88 },
    completeness: { ...some, lost: 26, delivered: 88 },
  }).split("\n");
  assert.match(both, /^88 events in .*, in 1\.0 s, 12 dropped by the extension, 26 lost of 126: /);
});

Deno.test("summarize reports probe runs that the kernel skipped", () => {
  const [first, line] = summarize({ ...complete, missed: 3 }).split("\n");
  assert.equal(first, "126 events in 42 functions, of 3 packets, in 1.0 s.");
  assert.match(line, /^Up to 3 events are missing: the kernel skipped 3 probe runs/);
});

Deno.test("summarize does not hide events that are neither delivered nor lost", () => {
  const [first, line] = summarize({
    ...complete,
    count: { ...complete.count, events: 125 },
    completeness: { ...completeness, delivered: 125 },
  }).split("\n");
  assert.doesNotMatch(first, /none lost/);
  assert.equal(line, "1 event was still being written when the trace ended.");
});

Deno.test("summarize counts the events for which the script failed", () => {
  const [, line] = summarize({ ...complete, unformatted: 1 }).split("\n");
  assert.equal(line, "The script failed for 1 event; the first error is shown above.");
});

Deno.test("summarize tells how many events there was no room for", () => {
  const [, line] = summarize({ ...complete, notKept: 1 }).split("\n");
  assert.equal(
    line,
    "1 event is missing in the results: there was no room to keep it; name a directory with more room with --tmp.",
  );
});

Deno.test("summarize says what -n left out, and of nothing only that", () => {
  const [two] = summarize({ ...complete, count: { ...complete.count, events: 94, packets: 2 } })
    .split(
      "\n",
    );
  assert.equal(
    two,
    "94 events in 42 functions, of 2 packets, in 1.0 s, 32 of later packets left out, none lost.",
  );
  const none = { events: 0, packets: 0, descendants: 0, functions: 0 };
  const nothing = { ...completeness, hits: 0, delivered: 0 };
  const text = summarize({ ...complete, count: none, completeness: nothing });
  assert.equal(text, "0 events in 1.0 s, none lost.");
});

Deno.test("progressText says how far a trace is", () => {
  const lost = { ...completeness, lost: 2 };
  assert.equal(
    progressText({ events: 7, packets: 1 }, lost, true),
    "7 events of 1 packet, 2 lost; Ctrl-C ends the trace",
  );
  assert.match(
    progressText({ events: 1, packets: 2 }, completeness, true),
    /^1 event of 2 packets, none lost; /,
  );
  assert.match(
    progressText({ events: 1, packets: 2 }, completeness, false),
    /^1 event of 2 packets; Ctrl-C /,
  );
});

Deno.test("LossReport warns of loss at once, and not again right after", () => {
  const warnings: string[] = [];
  const warn = (message: string) => warnings.push(message);
  new LossReport({ completeness: () => completeness }, warn).update();
  assert.deepEqual(warnings, []);
  let lost = 1;
  const report = new LossReport({ completeness: () => ({ ...completeness, lost: lost++ }) }, warn);
  for (let times = 0; times < 3; times++) report.update();
  assert.deepEqual(warnings, [
    "1 event lost so far: the ring buffer was full: raise --buffer-size, or trace fewer functions " +
    "with --regex",
  ]);
});

Deno.test("summarize does not say that nothing is missing where nobody knows", () => {
  const some = { ...completeness, undecided: 3 };
  assert.equal(
    summarize({ ...complete, completeness: some }).split("\n").slice(1).join(""),
    "Nobody knows of 3 calls whether the packets match: what the expression looks at was in page " +
      "fragments that ipft does not read.",
  );
  assert.doesNotMatch(summarize({ ...complete, completeness: some }), /none lost/);
});

Deno.test("summarize counts the packets that came out of others", () => {
  const first = (packets: number, descendants: number) =>
    summarize({ ...complete, count: { ...complete.count, packets, descendants } });
  assert.equal(
    first(10, 12),
    "126 events in 42 functions, of 10 packets and 12 that came out of them, in 1.0 s, none lost.",
  );
  assert.match(first(1, 1), /, of 1 packet and 1 that came out of it, in /);
});

Deno.test("summarize says what there was no room to follow", () => {
  const text = (unfollowedCalls: number, unfollowedPackets: number) =>
    summarize({
      ...complete,
      completeness: { ...completeness, unfollowedCalls, unfollowedPackets },
    })
      .split("\n");
  assert.deepEqual(text(7, 1), [
    "126 events in 42 functions, of 3 packets, in 1.0 s.",
    "7 calls with matching packets are missing: there was no room to follow further packets; raise " +
    "--max-followed.",
    "1 packet that came out of others is missing: there was no room to follow it; raise " +
    "--max-followed.",
  ]);
  assert.match(text(0, 2)[1], /^2 packets that came out of others are missing: .* follow them; /);
  assert.doesNotMatch(text(0, 2)[0], /none lost/);
});
