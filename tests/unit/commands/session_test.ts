import assert from "node:assert/strict";
import { type End, runSession } from "../../../lib/commands/session.ts";
import { LINEAGE } from "../../../lib/event/lineage.ts";
import { OutputClosed } from "../../../lib/output/stdout.ts";
import { Tee } from "../../../lib/output/tee.ts";
import { MemorySink } from "../../support/memory_sink.ts";
import { event, LAST, MemorySource, type Portion } from "../../support/memory_source.ts";
import type { Row } from "../../support/row.ts";

/** An end that is reached when the trace asks for it, or when `source` has nothing left. */
class TestEnd implements End {
  readonly #controller = new AbortController();
  isReached = false;
  isDisposed = false;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  reach(): void {
    this.isReached = true;
    this.#controller.abort();
  }

  /** As a signal from outside. */
  abort(): void {
    this.#controller.abort();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.isDisposed = true;
    return Promise.resolve();
  }
}

/** An event of a followed packet: a copy of another one, or one that matched. */
function member(skb: number, packet: number, parent?: number): Row {
  const lineage = parent === undefined
    ? { packet, relative: 0, journey: packet, origin: 0 }
    : { packet, relative: parent, journey: parent, origin: 1 };
  return { ...event(skb), lineage };
}

/** Runs a session that ends after `ms` unless it ends before. */
async function session(
  portions: readonly Portion[],
  sinks: readonly MemorySink[],
  { packets, lost, follow, ms = 30 }: {
    packets?: number;
    lost?: number;
    /** Counts the packets that are followed; undefined in a trace that does not follow any. */
    follow?: () => number;
    ms?: number;
  } = {},
) {
  const sections = follow && [LINEAGE];
  const source = new MemorySource(portions, { lost, sections, followed: follow });
  const end = new TestEnd();
  const timer = setTimeout(() => end.abort(), ms);
  const told: string[] = [];
  try {
    await runSession({
      source,
      sinks: new Tee(sinks),
      outputFds: [],
      packets,
      showsProgress: false,
      unformatted: () => 0,
      notKept: () => 0,
      begin: () => end,
      tell: (message) => void told.push(message),
    });
  } finally {
    clearTimeout(timer);
    assert(end.isDisposed);
  }
  return { end, told, source };
}

Deno.test("a session moves all events, finishes the sinks and says how complete they are", async () => {
  const sink = new MemorySink();
  const portions = [[event(1), event(2)], "nothing", [event(1, LAST)]] as const;
  const { told } = await session(portions, [sink]);
  assert.deepEqual(sink.skbs, [1, 2, 1]);
  assert(sink.isFinished);
  assert.equal(told[0], "Trace ready!");
  assert.match(told[1], /^3 events in 2 functions, of 2 packets, in 0\.\d s, none lost\.$/);
});

Deno.test("a session ends by itself when the packets that are wanted have ended", async () => {
  const sink = new MemorySink();
  const portions = [[event(1), event(2), event(1, LAST), event(1)], "nothing"] as const;
  const { end, told } = await session(portions, [sink], { packets: 1, ms: 10_000 });
  assert(end.isReached);
  assert.deepEqual(sink.skbs, [1, 1]);
  assert.match(told[1], /^2 events in 2 functions, of 1 packet, .*, 2 of later packets left out/);
});

Deno.test("a session with -n lets no more packets match, and waits until none is followed", async () => {
  const sink = new MemorySink();
  let followed = 3;
  const portions = [
    [member(1, 1), member(2, 2), member(3, 3, 1), member(4, 4)],
    ...Array<"nothing">(20).fill("nothing"),
    [member(5, 5, 2), member(4, 4)],
  ];
  const options = { packets: 2, follow: () => followed, ms: 10_000 };
  setTimeout(() => followed = 0, 40);
  const { end, told, source } = await session(portions, [sink], options);
  assert(end.isReached);
  assert.equal(source.refusals, 1);
  assert.deepEqual(sink.skbs, [1, 2, 3, 5]);
  assert.match(told[1], /^4 events .*, of 2 packets and 2 that came out of them, .*, 2 of later /);
});

Deno.test("a session with -n does not wait for followed packets of which nothing is seen", async () => {
  const options = { packets: 1, follow: () => 1, ms: 10_000 };
  const { end } = await session([[member(1, 1)]], [new MemorySink()], options);
  assert(end.isReached);
});

Deno.test("a session warns of loss while it goes on, and counts it at its end", async () => {
  const { told } = await session([[event(1)], "nothing"], [new MemorySink()], { lost: 3 });
  assert.match(told[1], /^3 events lost so far: /);
  assert.match(told[2], /^1 event in .*, 3 lost of 4: /);
});

Deno.test("a session whose only sink fails ends with its error", async () => {
  await assert.rejects(session([[event(1)]], [new MemorySink(0)]), /the disk is full/);
});

Deno.test("a session with two sinks ends when one fails, once the other has everything", async () => {
  const fine = new MemorySink();
  const portions = [[event(1), event(2)], "nothing", [event(3)]] as const;
  await assert.rejects(
    session(portions, [new MemorySink(1), fine], { ms: 10_000 }),
    /disk is full/,
  );
  assert.deepEqual(fine.skbs, [1, 2, 3]);
  assert(fine.isFinished);
});

Deno.test("a session ends quietly when nobody reads its only output any more", async () => {
  const { told } = await session([[event(1)]], [new MemorySink(0, new OutputClosed())]);
  assert.deepEqual(told, ["Trace ready!"]);
});

Deno.test("a session goes on to its summary when one of two outputs is not read any more", async () => {
  const fine = new MemorySink();
  const closed = new MemorySink(0, new OutputClosed());
  const { told } = await session([[event(1)], "nothing"], [closed, fine], { ms: 10_000 });
  assert(fine.isFinished);
  assert.match(told[1], /^1 event in /);
});
