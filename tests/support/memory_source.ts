import type { Completeness, EventSource } from "../../lib/capture/event_source.ts";
import type { EventBatch } from "../../lib/event/batch.ts";
import type { Section } from "../../lib/event/section.ts";
import type { TraceHeader } from "../../lib/event/trace_header.ts";
import { fill } from "./sink_fixture.ts";
import { FUNCTIONS, type Row } from "./row.ts";

/** What a source gives at a time: events, nothing for now, or an error. */
export type Portion = readonly Row[] | "nothing" | Error;

/**
 * A source of events that wait in memory. Like the kernel it does not end by itself: when its portions
 * are used up it has nothing, until it is stopped.
 */
export class MemorySource implements EventSource {
  readonly header: TraceHeader;
  isStopped = false;
  isDisposed = false;
  /** How often it was told to let no further packet match. */
  refusals = 0;
  #delivered = 0;
  readonly #portions: Portion[];
  readonly #lost: number;
  readonly #followed: () => number;

  constructor(
    portions: readonly Portion[],
    { tracer = "function", sections = [], lost = 0, followed = () => 0 }: {
      tracer?: TraceHeader["tracer"];
      sections?: readonly Section[];
      lost?: number;
      followed?: () => number;
    } = {},
  ) {
    this.#portions = [...portions];
    this.#lost = lost;
    this.#followed = followed;
    this.header = { tracer, functions: FUNCTIONS, sections, originNs: 0n };
  }

  start(): void {}

  stop(): void {
    this.isStopped = true;
  }

  async read(batch: EventBatch): Promise<boolean> {
    const portion = this.#portions.shift();
    batch.length = 0;
    if (portion instanceof Error) throw portion;
    if (portion === undefined || portion === "nothing") {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return portion === "nothing" || !this.isStopped;
    }
    fill(batch, portion);
    this.#delivered += portion.length;
    return true;
  }

  completeness(): Completeness {
    const delivered = this.#delivered, lost = this.#lost;
    const unfollowed = { unfollowedCalls: 0, unfollowedPackets: 0 };
    return { hits: delivered + lost, lost, dropped: 0, undecided: 0, delivered, ...unfollowed };
  }

  admitNoMore(): void {
    this.refusals++;
  }

  followed(): number {
    return this.#followed();
  }

  missed(): number | undefined {
    return 0;
  }

  [Symbol.dispose](): void {
    this.isDisposed = true;
  }
}

/** An event of a packet: the function `LAST` ends it. */
export function event(skb: number, functionIndex = 0): Row {
  return { skb: BigInt(skb), timestamp: 0, functionIndex, cpu: 0 };
}

/** Index of a function in `FUNCTIONS` that ends a packet. */
export const LAST = 1;
