import assert from "node:assert/strict";
import { Watch } from "../../../lib/lua/watch.ts";

const EVENT = { instructions: 1_000_000, rounds: 100_000_000, isEvent: true };
const CALL = { instructions: Infinity, rounds: Infinity, isEvent: false };
const THREAD = 8;

function watched() {
  const variable = () => new WebAssembly.Global({ value: "i32", mutable: true }, 0);
  const meter = { instructions: variable(), rounds: variable(), callee: variable() };
  const state = { event: 1, isSignalled: false, interrupts: 0 };
  const watch = new Watch({
    meter,
    progress: () => state.event,
    interrupt: () => state.interrupts++,
    isSignalled: () => state.isSignalled,
  });
  return { watch, meter, state };
}

/** Uses up the rounds `count` times. */
function goRound({ watch, meter }: ReturnType<typeof watched>, count: number): void {
  for (let i = 0; i < count; i++) {
    meter.rounds.value = 0;
    watch.onMeter(0);
  }
}

/** Runs instructions of one event until it is to end. Returns how long that took, in ms. */
function runOn(watch: Watch): number {
  const start = performance.now();
  while (watch.reason === undefined) watch.onMeter(THREAD);
  return performance.now() - start;
}

Deno.test("each event has a budget of its own, and one that uses it up is interrupted", () => {
  const { watch, state } = watched();
  watch.start(EVENT);
  for (let i = 0; i < 50; i++) {
    state.event++;
    watch.onMeter(THREAD);
  }
  assert.equal(watch.reason, undefined);
  for (let i = 0; i < 10; i++) watch.onMeter(THREAD);
  assert.equal(watch.reason, "stopped after 1,000,000 instructions");
  assert.equal(state.interrupts, 1);
});

Deno.test("rounds are those of one event only if the next instruction is still of it", () => {
  const all = watched();
  const { watch, meter, state } = all;
  watch.start(EVENT);
  watch.onMeter(THREAD);
  goRound(all, 100);
  assert.equal(meter.instructions.value, 0);
  state.event++;
  watch.onMeter(THREAD);
  assert.equal(watch.reason, undefined);
  goRound(all, 100);
  watch.onMeter(THREAD);
  assert.match(watch.reason ?? "", /^stopped after 100,000,000 rounds/);
});

Deno.test("a call that does not come back to an instruction is ended all the same", () => {
  const all = watched();
  all.watch.start(EVENT);
  all.watch.onMeter(THREAD);
  assert.throws(() => goRound(all, 120), {
    message: /; as one call did not end, the script is not called any more$/,
  });
});

Deno.test("after a signal, slow events share some time, and fini has its own", () => {
  const { watch, state } = watched();
  const next = (budget: typeof EVENT) => {
    watch.start(undefined);
    state.event++;
    watch.start(budget);
    watch.onMeter(THREAD);
  };
  const endless = { ...EVENT, instructions: Infinity };
  state.isSignalled = true;
  next(endless);
  const first = runOn(watch);
  assert(first > 250 && first < 1000, `${first} ms`);
  assert.equal(watch.reason, "stopped by a signal");
  next(endless);
  assert(runOn(watch) < 50);
  // Fast events go on.
  for (let i = 0; i < 10; i++) next(endless);
  assert.equal(watch.reason, undefined);
  next(CALL);
  assert(runOn(watch) > 250);
});
