import assert from "node:assert/strict";
import type { Series } from "../../bench/series.ts";
import { markdown, seriesTable } from "../../bench/table.ts";

const READY: Series = {
  figure: "ready",
  tool: "ipft / pwru",
  unit: "x",
  samples: [0.261, 0.5, 0.2],
  goal: { atMost: 0.45 },
};

function cells(series: Partial<Series>): string[] {
  const row = seriesTable([{ ...READY, goal: undefined, ...series }]).split("\n")[2];
  return row.slice(2, -2).split(" | ");
}

Deno.test("seriesTable shows the median, the extremes and whether the goal is met", () => {
  assert.equal(
    seriesTable([READY, { ...READY, goal: { atLeast: 0.3 } }]),
    [
      "| figure | tool | median | min..max | runs | goal | met |",
      "| --- | --- | --- | --- | --- | --- | --- |",
      "| ready | ipft / pwru | 0.26 x | 0.20..0.50 | 3 | <= 0.45 x | yes |",
      "| ready | ipft / pwru | 0.26 x | 0.20..0.50 | 3 | >= 0.3 x | no |",
    ].join("\n"),
  );
});

Deno.test("seriesTable leaves goal and verdict empty for a series without a goal", () => {
  assert.deepEqual(cells({ samples: [1] }).slice(5), ["", ""]);
});

Deno.test("seriesTable rounds no share up to 100 %", () => {
  assert.equal(cells({ unit: "%", samples: [99.999] })[2], "99.99 %");
  assert.equal(cells({ unit: "%", samples: [100] })[2], "100.00 %");
  assert.equal(cells({ unit: "%", samples: [13.666] })[2], "13.66 %");
});

Deno.test("seriesTable rounds a number according to its unit", () => {
  const shown = (unit: string, sample: number) => cells({ unit, samples: [sample] })[2];
  assert.equal(shown("ns", 93.6), "94 ns");
  assert.equal(shown("x", 1.318), "1.32 x");
  assert.equal(shown("", 88), "88");
  assert.equal(shown("", 105.078), "105.1");
});

const HOST = {
  kernel: "6.18",
  cpus: 2,
  deno: "2.9.6",
  load: [0.1, 0.234] as const,
  functions: 1600,
  series: [{ ...READY, figure: "ring" }],
};
const VM = {
  kernel: "6.12.1",
  cpus: [1, 2, 4],
  versions: ["ipft 0.1.0", "pwru 1.0.5"],
  attached: { ipft: 1612, pwru: 1458 },
  series: [READY],
};

Deno.test("markdown names the machines, the tools and their attached functions above one table", () => {
  assert.deepEqual(markdown(HOST, VM).split("\n"), [
    "On the host: Linux 6.18, 2 CPUs; Deno 2.9.6; 1600 functions;",
    "load average 0.10 before, 0.23 after.",
    "",
    "In the VM: Linux 6.12.1, 1, 2, 4 CPUs, emulated (QEMU TCG); ipft 0.1.0; pwru 1.0.5.",
    "Attached functions: ipft: 1612, pwru: 1458.",
    "",
    ...seriesTable([...HOST.series, ...VM.series]).split("\n"),
  ]);
});

Deno.test("markdown omits a machine on which nothing was measured", () => {
  assert.match(markdown(undefined, VM), /^In the VM: [^]*\.\n\n\|/);
  assert.match(markdown(HOST, undefined), /^On the host: [^]*after\.\n\n\|/);
});
