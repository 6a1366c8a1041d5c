import type { EventStore } from "./event_store.ts";
import { NO_CALL } from "./open_calls.ts";

/** In place of the number of an event: there is none. */
export const NO_EVENT = 0xffff_ffff;

/**
 * Finds the return of each entry.
 * @returns by event: the other half of its call, or `NO_EVENT` when that was lost or has not come yet
 */
export function partnersOf(
  { columns, length }: EventStore<"call" | "isReturn">,
): Uint32Array {
  const { call, isReturn } = columns;
  const partner = new Uint32Array(length).fill(NO_EVENT);
  let highest = 0;
  for (const chunk of call.chunks) for (const number of chunk) highest = Math.max(highest, number);
  const entryOf = new Uint32Array(highest + 1).fill(NO_EVENT);
  for (let event = 0; event < length; event++) {
    const number = call.at(event);
    if (number === NO_CALL) continue;
    if (isReturn.at(event) === 0) {
      entryOf[number] = event;
    } else {
      partner[event] = entryOf[number];
      partner[entryOf[number]] = event;
    }
  }
  return partner;
}
