import { EventBatch } from "../event/batch.ts";
import type { Section } from "../event/section.ts";
import { NO_CALL } from "./open_calls.ts";
import { Half, type ReturnedCalls } from "./returned_calls.ts";

/** How an event is shown. */
export const Shown = {
  /** The entry of a call with other lines in it. */
  entry: 0,
  /** The return of such a call. */
  return: 1,
  /** The entry of a call without other lines: it stands for the whole call. */
  call: 2,
  /** An entry that lost its return. */
  entryAlone: 3,
  /** A return that lost its entry. */
  returnAlone: 4,
  /** A return that its entry's line stands for. */
  nothing: 5,
} as const;

/** Some events, and how they are shown. */
export class CallLines {
  readonly batch: EventBatch;
  /** By row: one of `Shown`. */
  readonly shown: Uint8Array;
  /** By row: the duration of a call or a return, in ns. */
  readonly durations: Float64Array;
  /** Entries of which the next event of their task will tell how they are shown. */
  undecided = 0;

  constructor(rows: number, sections: readonly Section[]) {
    this.batch = new EventBatch(rows, sections);
    this.shown = new Uint8Array(rows);
    this.durations = new Float64Array(rows);
  }
}

/** An entry that is not decided. */
interface Entry {
  readonly lines: CallLines;
  readonly row: number;
}

/**
 * Chooses how events are shown that come packet after packet, those of a packet by time. It reads ahead
 * as far as the calls without other lines reach.
 */
export class ChooseLines {
  readonly #source: (batch: EventBatch) => boolean;
  readonly #make: () => CallLines;
  readonly #returned: ReturnedCalls;
  readonly #isJoined: boolean;
  /** What has been read, from what was given out last. */
  readonly #queue: CallLines[] = [];
  readonly #spare: CallLines[] = [];
  #isAtEnd = false;
  #packet = 0;
  /** By task: its latest event in this packet, when that is an entry that is not decided. */
  readonly #latest = new Map<number, Entry>();

  /**
   * @param source fills a batch with the next events; false when there are none
   * @param make makes an empty batch of lines
   * @param isJoined whether a call without other events of its packet and task in it is one line
   */
  constructor(
    source: (batch: EventBatch) => boolean,
    make: () => CallLines,
    returned: ReturnedCalls,
    isJoined: boolean,
  ) {
    this.#source = source;
    this.#make = make;
    this.#returned = returned;
    this.#isJoined = isJoined;
  }

  /** Returns the next events. They are valid until the next call; none are left when there are no rows. */
  next(): CallLines {
    const queue = this.#queue;
    if (queue.length > 0) this.#spare.push(queue.shift()!);
    while (queue.length === 0 || (queue[0].undecided > 0 && !this.#isAtEnd)) {
      const lines = this.#spare.pop() ?? this.#make();
      this.#isAtEnd = !this.#source(lines.batch);
      this.#choose(lines);
      if (this.#isAtEnd) this.#endPacket();
      queue.push(lines);
    }
    return this.#queue[0];
  }

  #choose(lines: CallLines): void {
    const { batch, shown, durations } = lines;
    const { packet, isReturn, task, call, timestamp, entered } = batch.columns;
    for (let row = 0; row < batch.length; row++) {
      if (packet[row] !== this.#packet) {
        this.#endPacket();
        this.#packet = packet[row];
      }
      const its = call[row];
      const before = this.#latest.size > 0 ? this.#take(task[row]) : undefined;
      if (isReturn[row] !== Half.return) {
        if (!this.#returned.has(isReturn[row], its)) {
          shown[row] = Shown.entryAlone;
        } else {
          shown[row] = Shown.entry;
          if (!this.#isJoined) continue;
          this.#latest.set(task[row], { lines, row });
          lines.undecided++;
        }
        continue;
      }
      if (its === NO_CALL) {
        shown[row] = Shown.returnAlone;
        continue;
      }
      const duration = Math.abs(timestamp[row] - entered[row]);
      if (before !== undefined && before.lines.batch.columns.call[before.row] === its) {
        before.lines.shown[before.row] = Shown.call;
        before.lines.durations[before.row] = duration;
        shown[row] = Shown.nothing;
      } else {
        shown[row] = Shown.return;
        durations[row] = duration;
      }
    }
  }

  /** Decides the latest entry of a task, and returns it. */
  #take(task: number): Entry | undefined {
    const entry = this.#latest.get(task);
    if (entry === undefined) return undefined;
    entry.lines.undecided--;
    this.#latest.delete(task);
    return entry;
  }

  /** Decides what is left: the entries that it has are no calls without other lines. */
  #endPacket(): void {
    for (const { lines } of this.#latest.values()) lines.undecided--;
    this.#latest.clear();
  }
}
