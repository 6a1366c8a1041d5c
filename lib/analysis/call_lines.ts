import { NO_EVENT } from "./calls.ts";
import type { EventStore } from "./event_store.ts";
import { PairTable } from "./pair_table.ts";

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

/**
 * Chooses how events are shown.
 * @param byPacket the events, packet after packet, those of a packet by time
 * @param partner see `partnersOf`
 * @param isJoined whether a call without other events of its packet and task in it is one line
 * @returns by event: one of `Shown`
 */
export function chooseLines(
  { columns }: EventStore<"isReturn" | "task">,
  byPacket: Uint32Array,
  partner: Uint32Array,
  isJoined: boolean,
): Uint8Array {
  const { isReturn, task } = columns;
  const shown = new Uint8Array(byPacket.length);
  const tasks = new PairTable();
  /** By task: its latest event. That of another packet is nobody's partner in this one. */
  const latest: number[] = [];
  for (let i = 0; i < byPacket.length; i++) {
    const event = byPacket[i];
    const itsTask = tasks.number(task.at(event), 0);
    if (isReturn.at(event) === 0) {
      shown[event] = partner[event] === NO_EVENT ? Shown.entryAlone : Shown.entry;
    } else if (partner[event] === NO_EVENT) {
      shown[event] = Shown.returnAlone;
    } else if (isJoined && latest[itsTask] === partner[event]) {
      shown[partner[event]] = Shown.call;
      shown[event] = Shown.nothing;
    } else {
      shown[event] = Shown.return;
    }
    latest[itsTask] = event;
  }
  return shown;
}
