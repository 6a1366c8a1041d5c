import type { HostValue } from "./lua_value.ts";
import type { Meter } from "./meter.ts";
import type { Pointer } from "./wasmoon.ts";

/** How much a call may run. */
export interface Budget {
  /** Of Lua's virtual machine. */
  readonly instructions: number;
  /** Of all other loops: those of a pattern that backtracks, or of a sort. Each takes some ns. */
  readonly rounds: number;
  /** Events share the time that they have after a signal; another call has its own. */
  readonly isEvent: boolean;
}

/** How often the host is called. Both take about a millisecond. */
const INSTRUCTIONS_STEP = 100_000, ROUNDS_STEP = 1_000_000;

/** How long slow calls may take after a signal, all events together. */
const AFTER_SIGNAL_MS = 300;

/** What a call of a host function counts as: some microseconds, and the time to read a file. */
const HOST_ROUNDS = 1000, HOST_BYTES_PER_ROUND = 8;

/**
 * What a call that is to end may still run until it does: some instructions, each of which interrupts its
 * thread, because a thread may be over before it notices; and so many steps of rounds.
 */
const LAST_INSTRUCTIONS = 10_000, LAST_STEPS = 10;

/** Ends a call. Lua does not catch it, whatever the script does: it is an exception of JavaScript. */
export class Stop extends Error {
  /** @param calls those that led there, as Lua shows them; undefined when the state is not known */
  constructor(reason: string, readonly calls?: string) {
    super(reason);
  }
}

/** What the watch needs from the virtual machine. */
export interface Watched {
  readonly meter: Meter;
  /** Changes with each event. */
  progress(): number;
  /** Ends the call when the thread runs its next instruction. */
  interrupt(thread: Pointer): void;
  /** Reports whether a signal has come that ends ipft. */
  isSignalled(): boolean;
}

/**
 * Ends calls that have run too long. A call whose budget is used up is interrupted between two
 * instructions of Lua, where the state is known. Where the library does not come back to one, the call is
 * ended all the same, and the virtual machine is broken.
 */
export class Watch {
  readonly #watched: Watched;
  #budget: Budget | undefined;
  #progress = 0;
  /** What the event has run. */
  #instructions = 0;
  #rounds = 0;
  /** Since the signal: how long slow calls have taken, and when the time was last taken in this event. */
  #lateMs = 0;
  #lateSince: number | undefined;
  /** The rounds seem to be used up. The next instruction shows whether they are those of one event. */
  #isAsking = false;
  #lastInstructions = 0;
  #lastSteps = 0;
  /** Why the call is to end. */
  #reason: string | undefined;

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  /** Begins a call; without a budget, one of ipft's own code. */
  start(budget: Budget | undefined): void {
    this.#budget = budget;
    this.#reason = undefined;
    if (budget?.isEvent === false) this.#lateMs = 0;
    this.#restart();
    const { meter } = this.#watched;
    meter.instructions.value = INSTRUCTIONS_STEP;
    meter.rounds.value = ROUNDS_STEP;
  }

  /** Counts a call of a host function with these results, as rounds. */
  countHostCall(results: readonly HostValue[]): void {
    const bytes = results.map((result) => result instanceof Uint8Array ? result.length : 0);
    this.#watched.meter.rounds.value -= HOST_ROUNDS + Math.max(0, ...bytes) / HOST_BYTES_PER_ROUND;
  }

  /** Why the current call is to end; undefined while it may run. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /**
   * The function of the meter.
   * @throws Stop when the call has not ended in its last steps
   */
  readonly onMeter = (thread: Pointer): void => {
    if (thread !== 0) this.#afterInstructions(thread);
    else this.#afterRounds();
  };

  /** Between two instructions. */
  #afterInstructions(thread: Pointer): void {
    const { meter } = this.#watched;
    meter.instructions.value = INSTRUCTIONS_STEP;
    if (this.#budget === undefined) return;
    if (this.#reason === undefined) {
      const progress = this.#watched.progress();
      if (progress !== this.#progress) {
        this.#progress = progress;
        this.#restart();
        return;
      }
      if (!this.#isAsking) this.#instructions += INSTRUCTIONS_STEP;
      this.#isAsking = false;
      this.#lastSteps = 0;
      this.#takeTime();
      this.#reason = this.#usedUp(this.#budget);
    }
    if (this.#reason === undefined) return;
    if (++this.#lastInstructions > LAST_INSTRUCTIONS) this.#giveUp();
    meter.instructions.value = 1;
    this.#watched.interrupt(thread);
  }

  /** Anywhere in the library: nothing can be asked of the virtual machine. */
  #afterRounds(): void {
    const { rounds } = this.#watched.meter;
    this.#rounds += ROUNDS_STEP - rounds.value; // a copy, or the host, may have taken many at once
    rounds.value = ROUNDS_STEP;
    if (this.#budget === undefined) return;
    if (this.#isAsking || this.#reason !== undefined) {
      if (++this.#lastSteps > LAST_STEPS) this.#giveUp();
      return;
    }
    if (this.#usedUp(this.#budget) === undefined) return;
    this.#isAsking = true;
    this.#watched.meter.instructions.value = 0;
  }

  #giveUp(): never {
    const reason = this.#reason ?? this.#usedUp(this.#budget!);
    throw new Stop(`${reason}; as one call did not end, the script is not called any more`);
  }

  #restart(): void {
    this.#instructions =
      this.#rounds =
      this.#lastInstructions =
      this.#lastSteps =
        0;
    this.#isAsking = false;
    this.#lateSince = undefined;
  }

  #takeTime(): void {
    if (!this.#watched.isSignalled()) return;
    const now = performance.now();
    this.#lateMs += now - (this.#lateSince ?? now);
    this.#lateSince = now;
  }

  #usedUp({ instructions, rounds }: Budget): string | undefined {
    if (this.#instructions >= instructions) {
      return `stopped after ${instructions.toLocaleString("en")} instructions`;
    }
    if (this.#rounds >= rounds) {
      return `stopped after ${
        rounds.toLocaleString("en")
      } rounds inside functions of Lua's library`;
    }
    if (this.#watched.isSignalled()) {
      const now = performance.now();
      this.#lateSince ??= now;
      if (this.#lateMs + now - this.#lateSince >= AFTER_SIGNAL_MS) return "stopped by a signal";
    }
    return undefined;
  }
}
