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
  /** An event that is no call: it has no return. */
  event: 6,
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

/**
 * Chooses how events are shown that come packet after packet, those of a packet by time. It reads ahead
 * as far as the calls without other lines reach.
 */
export class ChooseLines {
  readonly #source: (batch: EventBatch) => boolean;
  readonly #rows: number;
  readonly #make: () => CallLines;
  readonly #returned: ReturnedCalls;
  readonly #isJoined: boolean;
  /** What has been read, from what was given out last. */
  readonly #queue: CallLines[] = [];
  /** How many others were before these. */
  #first = 0;
  readonly #spare: CallLines[] = [];
  #isAtEnd = false;
  #packet = 0;
  // The entries to be decided, by their number, and their tasks: few are in a packet at once. A Map that
  // entries come and go in leaves garbage that is not collected for long.
  readonly #entries: number[] = [];
  readonly #tasks: number[] = [];

  /**
   * @param source fills a batch with the next events; false when there are none
   * @param rows how many are given out at a time
   * @param sections those of the trace
   * @param isJoined whether a call without other events of its packet and task in it is one line
   */
  constructor(
    source: (batch: EventBatch) => boolean,
    rows: number,
    sections: readonly Section[],
    returned: ReturnedCalls,
    isJoined: boolean,
  ) {
    this.#source = source;
    this.#rows = rows;
    this.#make = () => new CallLines(rows, sections);
    this.#returned = returned;
    this.#isJoined = isJoined;
  }

  /** Returns the next events. They are valid until the next call; none are left when there are no rows. */
  next(): CallLines {
    const queue = this.#queue;
    if (queue.length > 0) {
      this.#spare.push(queue.shift()!);
      this.#first++;
    }
    while (queue.length === 0 || (queue[0].undecided > 0 && !this.#isAtEnd)) {
      const lines = this.#spare.pop() ?? this.#make();
      this.#isAtEnd = !this.#source(lines.batch);
      queue.push(lines);
      this.#choose(lines);
      if (this.#isAtEnd) this.#endPacket();
    }
    return this.#queue[0];
  }

  #choose(lines: CallLines): void {
    const { batch, shown, durations } = lines;
    const { packet, isReturn, task, call, timestamp, entered } = batch.columns;
    const number = (this.#first + this.#queue.length - 1) * this.#rows;
    for (let row = 0; row < batch.length; row++) {
      if (packet[row] !== this.#packet) {
        this.#endPacket();
        this.#packet = packet[row];
      }
      const its = call[row];
      const before = this.#entries.length > 0 ? this.#take(task[row]) : -1;
      if (isReturn[row] !== Half.return) {
        if (its === NO_CALL) {
          shown[row] = Shown.event;
        } else if (!this.#returned.has(isReturn[row], its)) {
          shown[row] = Shown.entryAlone;
        } else {
          shown[row] = Shown.entry;
          if (!this.#isJoined) continue;
          this.#entries.push(number + row);
          this.#tasks.push(task[row]);
          lines.undecided++;
        }
        continue;
      }
      if (its === NO_CALL) {
        shown[row] = Shown.returnAlone;
        continue;
      }
      const duration = Math.abs(timestamp[row] - entered[row]);
      const entry = before % this.#rows;
      const itsLines = before < 0 ? undefined : this.#linesOf(before);
      if (itsLines !== undefined && itsLines.batch.columns.call[entry] === its) {
        itsLines.shown[entry] = Shown.call;
        itsLines.durations[entry] = duration;
        shown[row] = Shown.nothing;
      } else {
        shown[row] = Shown.return;
        durations[row] = duration;
      }
    }
  }

  /** The lines that have this event. */
  #linesOf(event: number): CallLines {
    return this.#queue[Math.floor(event / this.#rows) - this.#first];
  }

  /** Decides the entry of a task, and returns its number; -1 without one. */
  #take(task: number): number {
    const i = this.#tasks.indexOf(task);
    if (i < 0) return -1;
    const event = this.#entries[i];
    this.#entries[i] = this.#entries.at(-1)!;
    this.#tasks[i] = this.#tasks.at(-1)!;
    this.#entries.pop();
    this.#tasks.pop();
    this.#linesOf(event).undecided--;
    return event;
  }

  /** Decides what is left: the entries that it has are no calls without other lines. */
  #endPacket(): void {
    for (const event of this.#entries) this.#linesOf(event).undecided--;
    this.#entries.length = this.#tasks.length = 0;
  }
}
