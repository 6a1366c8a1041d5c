import type { CountEvents } from "../analysis/count_events.ts";
import { plural } from "../base/plural.ts";
import type { Completeness, EventSource } from "../capture/event_source.ts";

/** Time between two checks for loss, and the shortest time between two warnings. */
const CHECK_MS = 100, WARN_MS = 1000;

/** Said in place of a promise that nothing is missing. */
const NOT_COUNTED = "this kernel does not count the probe runs that it skips";

const REMEDY =
  "the ring buffer was full: raise --buffer-size, or trace fewer functions with --regex";

const MORE_ROOM = "raise --max-followed";

/** Warns during a trace as soon as events are lost. */
export class LossReport {
  #reported = 0;
  #nextCheck = 0;
  #nextWarning = 0;

  /**
   * @param source counts lost events
   * @param warn prints a warning
   */
  constructor(
    readonly source: Pick<EventSource, "completeness">,
    readonly warn: (message: string) => void,
  ) {}

  /** Checks for loss if the last check is long enough ago. */
  update(): void {
    const now = performance.now();
    if (now < this.#nextCheck) return;
    this.#nextCheck = now + CHECK_MS;
    const { lost } = this.source.completeness();
    if (lost === this.#reported || now < this.#nextWarning) return;
    this.#nextWarning = now + WARN_MS;
    this.#reported = lost;
    this.warn(`${events(lost)} lost so far: ${REMEDY}`);
  }
}

/** What the summary reports about a trace. */
export interface TraceResult {
  /** The events in the results, with their packets and functions. */
  readonly count: Pick<CountEvents, "events" | "packets" | "descendants" | "functions">;
  readonly completeness: Completeness;
  /** Probe runs that the kernel skipped; undefined if it does not count them. */
  readonly missed: number | undefined;
  /** Events for which `dump` or `decode` of the script failed. */
  readonly unformatted: number;
  /** Events that an output had no room for. */
  readonly notKept: number;
  readonly seconds: number;
}

/** Returns the closing line, and a further line for each kind of event that is missing. */
export function summarize(
  { count, completeness, missed, unformatted, notKept, seconds }: TraceResult,
): string {
  const { hits, lost, dropped, delivered, undecided } = completeness;
  const { unfollowedCalls, unfollowedPackets } = completeness;
  const unaccounted = hits - lost - dropped - delivered;
  const omitted = delivered - count.events;
  // Nothing is said to be complete that is not, or of which nobody knows.
  const isComplete = unaccounted === 0 && undecided === 0 && !missed && unfollowedCalls === 0 &&
    unfollowedPackets === 0;
  const lines = [
    `${countText(count)} in ${seconds.toFixed(1)} s` +
    (omitted > 0 ? `, ${omitted} of later packets left out` : "") +
    (dropped > 0 ? `, ${dropped} dropped by the extension` : "") +
    (lost > 0 ? `, ${lost} lost of ${hits}: ${REMEDY}` : isComplete ? ", none lost" : "") +
    (missed === undefined ? `; ${NOT_COUNTED}.` : lost > 0 ? "" : "."),
  ];
  if (unaccounted !== 0) {
    const were = unaccounted === 1 ? "was" : "were";
    lines.push(`${events(unaccounted)} ${were} still being written when the trace ended.`);
  }
  if (missed) {
    lines.push(
      `Up to ${events(missed)} ${missed === 1 ? "is" : "are"} missing: the kernel skipped ` +
        `${plural(missed, "probe run")}, some perhaps for other packets, because their CPU was ` +
        "inside another probe or BPF program.",
    );
  }
  if (undecided > 0) {
    lines.push(
      `Nobody knows of ${
        plural(undecided, "call")
      } whether the packets match: what the expression ` +
        "looks at was in page fragments that ipft does not read.",
    );
  }
  if (unfollowedCalls > 0) {
    lines.push(
      `${plural(unfollowedCalls, "call")} with matching packets ${are(unfollowedCalls)} missing: ` +
        `there was no room to follow further packets; ${MORE_ROOM}.`,
    );
  }
  if (unfollowedPackets > 0) {
    const them = unfollowedPackets === 1 ? "it" : "them";
    lines.push(
      `${plural(unfollowedPackets, "packet")} that came out of others ${are(unfollowedPackets)} ` +
        `missing: there was no room to follow ${them}; ${MORE_ROOM}.`,
    );
  }
  if (unformatted > 0) {
    lines.push(`The script failed for ${events(unformatted)}; the first error is shown above.`);
  }
  if (notKept > 0) {
    const them = notKept === 1 ? "it" : "them";
    lines.push(
      `${events(notKept)} ${
        are(notKept)
      } missing in the results: there was no room to keep ${them}; ` +
        "name a directory with more room with --tmp.",
    );
  }
  return lines.join("\n");
}

/** Returns `47 events in 31 functions, of 10 packets and 12 that came out of them,`. */
function countText(
  { events: count, functions, packets, descendants }: TraceResult["count"],
): string {
  if (count === 0) return events(0);
  const came = descendants === 0
    ? ""
    : ` and ${descendants} that came out of ${packets === 1 ? "it" : "them"}`;
  return `${events(count)} in ${plural(functions, "function")}, ` +
    `of ${plural(packets, "packet")}${came},`;
}

/**
 * Returns what a terminal shows during a trace.
 * @param countsMissed whether the kernel counts the probe runs that it skips
 */
export function progressText(
  { events: count, packets }: Pick<CountEvents, "events" | "packets">,
  { lost }: Completeness,
  countsMissed: boolean,
): string {
  const loss = lost > 0 ? `, ${lost} lost` : countsMissed ? ", none lost" : "";
  return `${events(count)} of ${plural(packets, "packet")}${loss}; Ctrl-C ends the trace`;
}

function events(count: number): string {
  return plural(count, "event");
}

function are(count: number): string {
  return count === 1 ? "is" : "are";
}
