/** A trace from `Trace ready!` to its summary, wherever its events come from. */
import { CountEvents } from "../analysis/count_events.ts";
import { FollowJourneys } from "../analysis/follow_journeys.ts";
import { IdentifyPackets } from "../analysis/identify_packets.ts";
import { LimitPackets } from "../analysis/limit_packets.ts";
import type { EventSource } from "../capture/event_source.ts";
import { pump } from "../capture/pump.ts";
import { LINEAGE } from "../event/lineage.ts";
import { isReaderGone } from "../ffi/libc.ts";
import { OutputClosed } from "../output/stdout.ts";
import type { Tee } from "../output/tee.ts";
import { LossReport, progressText, summarize } from "../terminal/summary.ts";
import { TerminalLine } from "../terminal/terminal_line.ts";

/** Ends a trace, and what it has begun for it. */
export interface End extends AsyncDisposable {
  /** Aborted when the trace is to end. */
  readonly signal: AbortSignal;
  /** Ends the trace now. */
  reach(): void;
}

/** What a session needs. */
export interface Session {
  /** Has been started. */
  readonly source: EventSource;
  readonly sinks: Tee;
  /** The pipes that the sinks write to: a reader that goes away ends the trace. */
  readonly outputFds: readonly number[];
  /** How many packets are wanted, with what comes out of them if they are followed; undefined for all. */
  readonly packets?: number;
  /** Whether a terminal has room for a line that shows the progress. */
  readonly showsProgress: boolean;
  /** Counts the events whose fields the extension failed to make. */
  readonly unformatted: () => number;
  /** Counts the events that an output had no room for. */
  readonly notKept: () => number;
  /**
   * Begins what ends the trace, once that is ready.
   * @param tell takes messages while the trace goes on
   */
  readonly begin: (tell: (message: string) => void) => End;
  /** Takes everything but results. */
  readonly tell: (message: string) => void;
}

/**
 * Moves all events of a source to the sinks, until `End` or the end of the source, and tells how complete
 * the results are.
 *
 * @throws what a sink fails with, once the others have all that was captured
 */
export async function runSession(session: Session): Promise<void> {
  const { source, sinks, outputFds, tell, unformatted, notKept } = session;
  const limit = new LimitPackets(session.packets, () => source.admitNoMore());
  const count = new CountEvents();
  using line = new TerminalLine();
  const tellAbove = (message: string) => {
    line.clear();
    tell(message);
  };
  const loss = new LossReport(source, tellAbove);
  const isFollowing = source.header.sections.includes(LINEAGE);
  const countsMissed = source.missed() !== undefined;
  tell("Trace ready!");
  const begin = performance.now();
  await using end = session.begin(tellAbove);
  const onTurn = () => {
    loss.update();
    if (session.showsProgress) {
      line.show(() => progressText(count, source.completeness(), countsMissed));
    }
    const areGone = isFollowing && limit.isReached && source.followed() === 0;
    if (limit.isComplete || areGone || sinks.hasFailed) end.reach();
    if (!outputFds.some(isReaderGone)) return;
    if (sinks.count === 1) throw new OutputClosed();
    end.reach();
  };
  try {
    const identify = isFollowing
      ? new FollowJourneys(source.header)
      : new IdentifyPackets(source.header);
    const stages = [identify, limit, count];
    await pump({ source, stages, sink: sinks, signal: end.signal, onTurn });
    line.clear();
    await sinks.finish();
  } catch (error) {
    if (!(error instanceof OutputClosed)) throw error;
    if (sinks.count === 1) return; // whoever read it has seen enough
  }
  const seconds = (performance.now() - begin) / 1000;
  tell(summarize({
    count,
    completeness: source.completeness(),
    missed: source.missed(),
    unformatted: unformatted(),
    notKept: notKept(),
    seconds,
  }));
}
