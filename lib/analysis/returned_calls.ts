import type { EventStore } from "./event_store.ts";
import { NO_CALL } from "./open_calls.ts";

/** What `isReturn` says of an event once `ReturnedCalls` has seen it. */
export const Half = { entry: 0, return: 1, entryOfReturned: 2 } as const;

/**
 * Finds the entries whose calls have returned, part after part of a trace. It remembers the calls that
 * were open between two parts and returned later.
 */
export class ReturnedCalls {
  /** The highest call of the parts before. */
  #before: number = NO_CALL;
  /** Calls that were entered in one part and have returned in another. */
  readonly #late = new Set<number>();
  #longest = 0;

  /** The longest time that a call took, in ns. */
  get longest(): number {
    return this.#longest;
  }

  /** Changes `isReturn` of the entries whose calls return in the same part. */
  mark({ length, columns }: EventStore<"timestamp" | "isReturn" | "call" | "entered">): void {
    const { timestamp, isReturn, call, entered } = columns;
    const before = this.#before;
    let highest = before;
    for (let event = 0; event < length; event++) highest = Math.max(highest, call.at(event));
    const hasReturned = new Uint8Array(highest - before + 1);
    for (let event = 0; event < length; event++) {
      const its = call.at(event);
      if (isReturn.at(event) === 0 || its === NO_CALL) continue;
      this.#longest = Math.max(this.#longest, Math.abs(timestamp.at(event) - entered.at(event)));
      if (its > before) hasReturned[its - before] = 1;
      else this.#late.add(its);
    }
    for (let event = 0; event < length; event++) {
      const its = call.at(event);
      if (isReturn.at(event) === 0 && its !== NO_CALL && hasReturned[its - before] === 1) {
        isReturn.put(event, Half.entryOfReturned);
      }
    }
    this.#before = highest;
  }

  /** Whether the call of an entry has returned. @param half its `isReturn` */
  has(half: number, call: number): boolean {
    return half === Half.entryOfReturned || (this.#late.size > 0 && this.#late.has(call));
  }
}
