/** What ipft's closing lines on stderr say, read in one place. */
import assert from "node:assert/strict";

export interface Summary {
  readonly events: number;
  /** Packets that matched by themselves. */
  readonly packets: number;
  /** Packets that came out of those. */
  readonly descendants: number;
  /** Events that the rings had no room for. */
  readonly lost: number;
  /** Probe runs that the kernel skipped, as far as it counts them. */
  readonly skipped: number;
  /** Calls with packets that match and are not followed. */
  readonly unfollowedCalls: number;
  /** Packets that came out of followed ones and are not followed. */
  readonly unfollowedPackets: number;
}

export function readSummary(stderr: string): Summary {
  const first =
    /^(\d+) events?(?: in \d+ functions?, of (\d+) packets?(?: and (\d+) that came out)?.*)? in /m
      .exec(stderr);
  assert(first, stderr);
  const number = (pattern: RegExp) => Number(pattern.exec(stderr)?.[1] ?? 0);
  return {
    events: Number(first[1]),
    packets: Number(first[2] ?? 0),
    descendants: Number(first[3] ?? 0),
    lost: number(/, (\d+) lost of \d+:/),
    skipped: number(/ the kernel skipped (\d+) probe runs?/),
    unfollowedCalls: number(/^(\d+) calls? with matching packets (?:is|are) missing/m),
    unfollowedPackets: number(/^(\d+) packets? that came out of others (?:is|are) missing/m),
  };
}
