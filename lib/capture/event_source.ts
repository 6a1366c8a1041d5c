import type { EventBatch } from "../event/batch.ts";
import type { TraceHeader } from "../event/trace_header.ts";

/** How much of a trace there is: hits = delivered + lost + dropped, once its source has ended. */
export interface Completeness {
  /** Traced functions that met a packet which the filter lets through. */
  readonly hits: number;
  /** Hits whose record found no room in any ring. */
  readonly lost: number;
  /** Hits that the user's extension did not want. */
  readonly dropped: number;
  /** Calls that are no hits because nobody knows: what the expression is about could not be read. */
  readonly undecided: number;
  /** Hits whose records `read` has returned. */
  readonly delivered: number;
  /** Calls with a matching packet that are no hits, because there was no room to follow another packet. */
  readonly unfollowedCalls: number;
  /** Packets that came out of followed ones and are not followed, because there was no room. */
  readonly unfollowedPackets: number;
}

/** Where events come from: the kernel, a recording, or the memory of a test. */
export interface EventSource extends Disposable {
  readonly header: TraceHeader;
  /** Begins: from now on nothing is missed. */
  start(): void;
  /** Asks the source to end. `read` still returns what it has. */
  stop(): void;
  /**
   * Fills `batch` from its start with the next events, in the order of the trace: those of one skb in
   * the order in which they happened. Resolves with an empty batch when none came for a while, and with
   * false when the source has ended.
   */
  read(batch: EventBatch): Promise<boolean>;
  completeness(): Completeness;
  /**
   * Lets no further packet match. Those that are followed, and what comes out of them, still are. Does
   * nothing in a trace that does not follow packets.
   */
  admitNoMore(): void;
  /** Counts the packets that are followed now. */
  followed(): number;
  /**
   * Counts the calls of traced functions that the kernel did not show to the programs, with any packet.
   * Undefined where it does not count all of them.
   */
  missed(): number | undefined;
}
