import type { CountEvents } from "../analysis/count_events.ts";
import type { Completeness, EventSource } from "../capture/event_source.ts";

/** Loss is looked for this often, and told at most this often while it grows. */
const CHECK_MS = 100, TELL_MS = 1000;

const REMEDY =
  "the ring buffer was full: raise --buffer-size, or trace fewer functions with --regex";

/** Tells while tracing that records are being lost, as soon as they are. */
export class LossReport {
  #told = 0;
  #nextCheck = 0;
  #nextTell = 0;

  constructor(
    readonly source: Pick<EventSource, "completeness">,
    readonly tell: (message: string) => void,
  ) {}

  update(): void {
    const now = performance.now();
    if (now < this.#nextCheck) return;
    this.#nextCheck = now + CHECK_MS;
    const { lost } = this.source.completeness();
    if (lost === this.#told || now < this.#nextTell) return;
    this.#nextTell = now + TELL_MS;
    this.#told = lost;
    this.tell(`${events(lost)} lost so far: ${REMEDY}`);
  }
}

/** What a trace has to say of itself at its end. */
export interface TraceResult {
  /** What is in the results. */
  readonly count: Pick<CountEvents, "events" | "packets" | "functions">;
  readonly completeness: Completeness;
  /** As `EventSource.missed` counts them. */
  readonly missed: number | undefined;
  /** Events for which the script's `dump` or `decode` failed. */
  readonly unformatted: number;
  readonly seconds: number;
}

/** The closing line, and one for each way in which something is missing from the trace. */
export function summarize(
  { count, completeness, missed, unformatted, seconds }: TraceResult,
): string {
  const { hits, lost, dropped, delivered } = completeness;
  const unaccounted = hits - lost - dropped - delivered;
  const omitted = delivered - count.events;
  const lines = [
    `${countText(count)} in ${seconds.toFixed(1)} s` +
    (omitted > 0 ? `, ${omitted} of later packets left out` : "") +
    (dropped > 0 ? `, ${dropped} dropped by the module` : "") +
    (lost > 0 ? `, ${lost} lost of ${hits}: ${REMEDY}` : ", none lost."),
  ];
  if (unaccounted !== 0) {
    const were = unaccounted === 1 ? "was" : "were";
    lines.push(`${events(unaccounted)} ${were} still being written when the trace ended.`);
  }
  if (missed) {
    lines.push(
      `Up to ${events(missed)} are missing: the kernel skipped ${missed} probe runs, of marked ` +
        "packets or not, because their CPU was inside another probe or BPF program.",
    );
  }
  if (unformatted > 0) {
    lines.push(`The script failed for ${events(unformatted)}; the first error is shown above.`);
  }
  return lines.join("\n");
}

/** `47 events in 31 functions, of 1 packet,` */
function countText({ events: count, functions, packets }: TraceResult["count"]): string {
  if (count === 0) return events(0);
  return `${events(count)} in ${plural(functions, "function")}, of ${plural(packets, "packet")},`;
}

/** What a terminal shows while a trace goes on. */
export function progressText(
  { events: count, packets }: Pick<CountEvents, "events" | "packets">,
  { lost }: Completeness,
): string {
  const loss = lost > 0 ? `${lost} lost` : "none lost";
  return `${events(count)} of ${plural(packets, "packet")}, ${loss}; Ctrl-C ends the trace`;
}

function events(count: number): string {
  return plural(count, "event");
}

function plural(count: number, noun: string): string {
  return count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}
