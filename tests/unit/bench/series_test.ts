import assert from "node:assert/strict";
import fc from "fast-check";
import {
  difference,
  type Goal,
  isMet,
  median,
  ratio,
  rotated,
  Samples,
  type Series,
} from "../../bench/series.ts";
import { addGrowth, TIME_PER_EVENT } from "../../bench/host/growth.ts";
import { addCpuRatios } from "../../bench/vm/figures/cpus.ts";
import { merged, type Results } from "../../bench/vm/results.ts";

function series(samples: number[], goal?: Goal): Series {
  return { figure: "ready", tool: "ipft", unit: "ms", samples, goal };
}

Deno.test("median is the middle sample, or the mean of the two in the middle", () => {
  assert.equal(median([7]), 7);
  assert.equal(median([10, 9, 100]), 10);
  assert.equal(median([4, 1, 3, 100]), 3.5);
  assert.ok(Number.isNaN(median([])));
});

Deno.test("median does not reorder the samples", () => {
  const samples = [3, 1, 2];
  median(samples);
  assert.deepEqual(samples, [3, 1, 2]);
});

Deno.test("median has as many samples below as above", () => {
  fc.assert(fc.property(fc.array(fc.integer(), { minLength: 1 }), (samples) => {
    const value = median(samples);
    const below = samples.filter((sample) => sample < value).length;
    const above = samples.filter((sample) => sample > value).length;
    assert.ok(below <= samples.length / 2 && above <= samples.length / 2);
  }));
});

Deno.test("ratio divides samples of the same round", () => {
  const other = { ...series([10, 40]), tool: "pwru" };
  assert.deepEqual(ratio(series([5, 10]), other, { atMost: 0.4 }), {
    figure: "ready",
    tool: "ipft / pwru",
    unit: "x",
    samples: [0.5, 0.25],
    goal: { atMost: 0.4 },
  });
});

Deno.test("difference subtracts samples of the same round", () => {
  const other = { ...series([10, 40]), tool: "ipft 'icmp'" };
  assert.deepEqual(difference(series([12, 30]), other), {
    figure: "ready",
    tool: "ipft - ipft 'icmp'",
    unit: "ms",
    samples: [2, -10],
    goal: undefined,
  });
});

Deno.test("isMet compares the median with either limit, inclusively", () => {
  assert.equal(isMet(series([1, 2, 9], { atMost: 2 })), true);
  assert.equal(isMet(series([1, 3, 9], { atMost: 2 })), false);
  assert.equal(isMet(series([100, 100], { atLeast: 100 })), true);
  assert.equal(isMet(series([99.999, 99.999], { atLeast: 100 })), false);
  assert.equal(isMet(series([1], { atMost: 2, atLeast: 1.5 })), false);
});

Deno.test("isMet is undefined without a goal or without a number", () => {
  assert.equal(isMet(series([1])), undefined);
  assert.equal(isMet(series([NaN], { atMost: 2 })), undefined);
  assert.equal(isMet(series([], { atMost: 2 })), undefined);
});

Deno.test("rotated returns every item once, each of them first in turn", () => {
  const items = ["a", "b", "c"];
  const rounds = [0, 1, 2, 3].map((round) => rotated(items, round).join(""));
  assert.deepEqual(rounds, ["abc", "bca", "cab", "abc"]);
});

Deno.test("Samples groups series by figure, in order of arrival", () => {
  const samples = new Samples();
  for (
    const [figure, name, sample] of [["b", "x", 1], ["a", "x", 2], ["b", "y", 3], ["b", "x", 4]]
  ) {
    samples.add(`${figure}`, { name: `${name}` }, "ns", Number(sample));
  }
  const seen = samples.all().map(({ figure, tool, samples }) => [figure, tool, ...samples]);
  assert.deepEqual(seen, [["b", "x", 1, 4], ["b", "y", 3], ["a", "x", 2]]);
  assert.throws(() => samples.get("a", { name: "y" }), /nothing was measured of a with y/);
});

Deno.test("Samples compares the first tool with each of the others", () => {
  const samples = new Samples();
  const tools = ["x", "y", "z"].map((name) => ({ name }));
  tools.forEach((tool, i) => samples.add("ready", tool, "ms", 10 ** i));
  assert.deepEqual(
    samples.compared("ready", tools, { atMost: 1 }).map(({ tool, unit, samples, goal }) => [
      ...[tool, unit, ...samples],
      goal,
    ]),
    [
      ["x", "ms", 1, undefined],
      ["y", "ms", 10, undefined],
      ["z", "ms", 100, undefined],
      ["x / y", "x", 0.1, { atMost: 1 }],
      ["x / z", "x", 0.01, { atMost: 1 }],
    ],
  );
});

Deno.test("addGrowth compares the most events with the least, round by round", () => {
  const times = (tool: string, ...samples: number[]) => ({
    figure: `ring: ${TIME_PER_EVENT}`,
    tool,
    unit: "ns",
    samples,
  });
  const rate = { ...series([5]), figure: "ring" };
  const given = [times("1 x", 10, 100, 10), times("2 x", 1, 1, 1), times("8 x", 11, 110, 20), rate];
  const [growth, ...more] = addGrowth(given).slice(given.length);
  assert.deepEqual(more, []);
  assert.equal(growth.tool, "8 x / 1 x");
  // The second round was slow altogether.
  assert.deepEqual(growth.samples, [1.1, 1.1, 2]);
  assert.equal(isMet(growth), true);
});

const DELIVERED = "CPUs producing: delivered", HIT = "CPUs producing: cost of a hit";

function guest(cpus: number, ...samples: [figure: string, sample: number][]): Results {
  return {
    kernel: "6.12",
    cpus: [cpus],
    versions: ["ipft 0.1.0"],
    attached: { [`ipft with ${cpus}`]: 1612 },
    series: samples.map(([figure, sample]) => ({
      figure,
      tool: `${cpus} CPUs`,
      unit: "",
      samples: [sample],
    })),
  };
}

function rows(series: readonly Series[]) {
  return series.map(({ figure, tool, samples }) => [figure, tool, ...samples]);
}

Deno.test("merged groups the guests' series by figure", () => {
  const { series, ...rest } = merged([
    guest(2, ["ready", 1300]),
    guest(1, [DELIVERED, 100], [HIT, 500]),
    guest(2, [DELIVERED, 99], [HIT, 600]),
  ]);
  assert.deepEqual(rest, {
    kernel: "6.12",
    cpus: [1, 2],
    versions: ["ipft 0.1.0"],
    attached: { "ipft with 1": 1612, "ipft with 2": 1612 },
  });
  assert.deepEqual(rows(series), [
    ["ready", "2 CPUs", 1300],
    [DELIVERED, "1 CPUs", 100],
    [DELIVERED, "2 CPUs", 99],
    [HIT, "1 CPUs", 500],
    [HIT, "2 CPUs", 600],
  ]);
});

Deno.test("addCpuRatios divides the costs on several CPUs by the cost on one", () => {
  const guests = [1, 2, 4].map((cpus) => guest(cpus, [DELIVERED, 100], [HIT, 400 + 100 * cpus]));
  const { series } = merged(guests);
  assert.deepEqual(rows(addCpuRatios(series).slice(6)), [
    [HIT, "2 CPUs / 1 CPUs", 1.2],
    [HIT, "4 CPUs / 1 CPUs", 1.6],
  ]);
});
