import assert from "node:assert/strict";
import { OpenCalls } from "../../../lib/analysis/open_calls.ts";

const MOST_OPEN = 1 << 14;

Deno.test("OpenCalls gives up the outermost calls of a task that never return", () => {
  const calls = new OpenCalls<number>();
  // Two functions by turns, so that calls with the same key are on both sides of the cut.
  for (let i = 0; i < MOST_OPEN + 1; i++) calls.enter(7, i % 2, 3, 1, i);
  const left = MOST_OPEN / 2 + 1;
  for (let i = 0; i < left; i++) {
    const number = MOST_OPEN + 1 - i;
    assert.equal(calls.leave(7, (number - 1) % 2, 3)?.call, number);
  }
  for (const skb of [0, 1]) {
    assert.equal(calls.leave(7, skb, 3), undefined);
    assert.equal(calls.has(skb), false);
  }
});

Deno.test("OpenCalls remembers nothing of calls that have returned", () => {
  const calls = new OpenCalls<number>();
  const before = Deno.memoryUsage();
  for (let i = 0; i < 3_000_000; i++) {
    const task = i >>> 3, skb = i & 1023;
    const call = calls.enter(task, skb, i % 1500, 1, i);
    assert.equal(calls.leave(task, skb, i % 1500)?.call, call);
  }
  const { heapUsed, external } = Deno.memoryUsage();
  const grownBytes = heapUsed + external - before.heapUsed - before.external;
  assert(grownBytes < 40_000_000, `${grownBytes} bytes more`);
});
