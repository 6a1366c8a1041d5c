import { orderByGroup } from "./event_order.ts";
import { CHUNK_BITS, CHUNK_MASK, type EventStore } from "./event_store.ts";
import { PairTable } from "./pair_table.ts";

/** In place of the number of an event: there is none. */
export const NO_PARTNER = 0xffff_ffff;

/** Which task each event belongs to. */
export interface Tasks {
  /** By event: the task's number, below `taskCount`. */
  readonly taskOf: Uint32Array;
  readonly taskCount: number;
}

export function numberTasks(events: EventStore): Tasks {
  const taskOf = new Uint32Array(events.length);
  const tasks = new PairTable();
  let event = 0;
  for (const { task, length } of events.chunks) {
    for (let i = 0; i < length; i++) taskOf[event++] = tasks.number(task[i], 0);
  }
  return { taskOf, taskCount: tasks.size };
}

/**
 * Finds the return of each entry. In a task a return belongs to the innermost open call of the same
 * function with the same skb; open calls inside that one have lost their return. So the calls that
 * have both are nested in each other, or one after the other.
 *
 * Linear in time, however much is lost and however many calls stay open.
 *
 * @param byTime the events by time
 * @returns by event: its partner, or `NO_PARTNER` when that was lost or has not come yet
 */
export function pairCalls(
  events: EventStore,
  byTime: Uint32Array,
  { taskOf, taskCount }: Tasks,
): Uint32Array {
  const { callOf, callCount } = numberCalls(events);
  const partner = new Uint32Array(byTime.length).fill(NO_PARTNER);
  /** The task's open calls, outermost first: their entries. */
  const open: number[] = [];
  /** By function and skb: how many calls are open up to the innermost such call, 0 without one. */
  const innermost = new Uint32Array(callCount);
  /** For each open call the same of the next such call around it. */
  const around: number[] = [];
  const close = () => {
    innermost[callOf[open.pop()!]] = around.pop()!;
  };
  let task = 0;
  for (const event of orderByGroup(byTime, taskOf, taskCount)) {
    if (taskOf[event] !== task) {
      task = taskOf[event];
      while (open.length > 0) close();
    }
    const call = callOf[event];
    if (events.chunks[event >>> CHUNK_BITS].isReturn[event & CHUNK_MASK] === 0) {
      around.push(innermost[call]);
      innermost[call] = open.push(event);
    } else if (innermost[call] > 0) {
      while (open.length > innermost[call]) close();
      const entry = open[open.length - 1];
      close();
      partner[entry] = event;
      partner[event] = entry;
    }
  }
  return partner;
}

/** By event: a number for its function and skb. */
function numberCalls(events: EventStore): { callOf: Uint32Array; callCount: number } {
  const callOf = new Uint32Array(events.length);
  const calls = new PairTable();
  let event = 0;
  for (const { address, functionIndex, length } of events.chunks) {
    for (let i = 0; i < length; i++) callOf[event++] = calls.number(address[i], functionIndex[i]);
  }
  return { callOf, callCount: calls.size };
}
