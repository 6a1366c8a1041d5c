import { NO_PARTNER, type Tasks } from "./call_tree.ts";
import { CHUNK_BITS, CHUNK_MASK, type EventStore } from "./event_store.ts";
import type { Packets } from "./split_packets.ts";

/** How an event is shown. */
export const Shown = {
  /** The entry of a call with other lines in it. */
  entry: 0,
  /** The return of such a call. */
  return: 1,
  /** The entry of a call without: it stands for the whole call. */
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
 * @param isJoined whether a call that has no other event of its packet and task in it is one line
 * @returns by event: one of `Shown`
 */
export function chooseLines(
  events: EventStore,
  { byPacket }: Packets,
  { taskOf, taskCount }: Tasks,
  partner: Uint32Array,
  isJoined: boolean,
): Uint8Array {
  const shown = new Uint8Array(byPacket.length);
  /** By task: its latest event. That of another packet is nobody's partner in this one. */
  const latest = new Uint32Array(taskCount).fill(NO_PARTNER);
  for (let i = 0; i < byPacket.length; i++) {
    const event = byPacket[i];
    const { isReturn } = events.chunks[event >>> CHUNK_BITS];
    if (isReturn[event & CHUNK_MASK] === 0) {
      shown[event] = partner[event] === NO_PARTNER ? Shown.entryAlone : Shown.entry;
    } else if (partner[event] === NO_PARTNER) {
      shown[event] = Shown.returnAlone;
    } else if (isJoined && latest[taskOf[event]] === partner[event]) {
      shown[partner[event]] = Shown.call;
      shown[event] = Shown.nothing;
    } else {
      shown[event] = Shown.return;
    }
    latest[taskOf[event]] = event;
  }
  return shown;
}
