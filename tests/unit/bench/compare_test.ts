import assert from "node:assert/strict";
import { compare, type Expected, verdictLine } from "../../bench/compare.ts";
import { FULL, QUICK, readPlan } from "../../bench/plan.ts";
import type { Series } from "../../bench/series.ts";

const READY: Expected = { figure: "ready", tool: "ipft / pwru", ratio: 0.26 };

function ratio(...samples: number[]): Series {
  return { figure: "ready", tool: "ipft / pwru", unit: "x", samples };
}

function delivered(share: number, atLeast?: number): Series {
  const goal = atLeast === undefined ? undefined : { atLeast };
  return { figure: "flood: delivered", tool: "ipft", unit: "%", samples: [share], goal };
}

function lines(series: Series[], expected = [READY]): string[] {
  return compare(series, expected).map(verdictLine);
}

Deno.test("compare accepts a ratio up to twice the expected one", () => {
  assert.deepEqual(lines([ratio(0.519)]), [
    "ok: ready: ipft / pwru: 0.52 x, expected 0.26 x, limit <= 0.52 x",
  ]);
  assert.deepEqual(lines([ratio(0.1, 0.2, 9)]), [
    "ok: ready: ipft / pwru: 0.20 x, expected 0.26 x, limit <= 0.52 x",
  ]);
});

Deno.test("compare rejects a larger ratio, whatever the series' own goal", () => {
  assert.deepEqual(lines([{ ...ratio(0.53), goal: { atMost: 0.6 } }]), [
    "NOT MET: ready: ipft / pwru: 0.53 x, expected 0.26 x, limit <= 0.52 x",
  ]);
});

Deno.test("compare rejects a ratio that was not measured", () => {
  const other = { ...ratio(0.1), tool: "ipft / empty program" };
  const verdict = "NOT MET: ready: ipft / pwru: not measured, expected 0.26 x, limit <= 0.52 x";
  assert.deepEqual(lines([other]), [verdict]);
  assert.deepEqual(lines([ratio(NaN)]), [verdict]);
});

Deno.test("compare holds shares, and no other series, to their goals", () => {
  const rate = { ...delivered(1, 2), unit: "k/s" };
  assert.deepEqual(lines([delivered(100, 100), delivered(99.999, 100), delivered(6), rate], []), [
    "ok: flood: delivered: ipft: 100.00 %, limit >= 100 %",
    "NOT MET: flood: delivered: ipft: 99.99 %, limit >= 100 %",
  ]);
});

Deno.test("expected.json names each ratio once, as the table does", () => {
  const path = new URL("../../bench/expected.json", import.meta.url);
  const expected: Expected[] = JSON.parse(Deno.readTextFileSync(path));
  const names = expected.map(({ figure, tool }) => `${figure}: ${tool}`);
  assert.equal(new Set(names).size, names.length);
  for (const { figure, tool, ratio } of expected) {
    assert.ok(figure.length > 0);
    assert.match(tool, /^ipft( '[^']+')? \/ /);
    assert.ok(ratio > 0);
  }
});

Deno.test("readPlan selects the named figures, or else those of the plan", () => {
  assert.equal(readPlan([]), FULL);
  assert.equal(readPlan(["--quick", "--compare"]), QUICK);
  const named = readPlan(["--quick", "ready", "dump", "hit"]);
  assert.deepEqual(named, { ...QUICK, hostFigures: ["dump"], figures: ["hit", "ready"] });
  assert.deepEqual(readPlan(["json"]), { ...FULL, hostFigures: ["json"], figures: [] });
});
