import type { EventBatch } from "../event/batch.ts";
import { LINEAGE, type LineageArrays } from "../event/lineage.ts";
import type { TraceHeader } from "../event/trace_header.ts";
import { NO_CALL, OpenCalls } from "./open_calls.ts";
import { RecentKeys } from "./recent_keys.ts";
import type { Stage } from "./stage.ts";
import { withoutReturn } from "./without_return.ts";

/** How many journeys, and how many addresses of skbs, are remembered. */
const REMEMBERED = 1 << 20;

/** A packet, as the kernel knows it at an entry. */
interface Member {
  readonly packet: number;
  readonly relative: number;
  /** The number of the packet that the journey began with. */
  readonly journey: number;
  readonly origin: number;
  /** Its number in the batch's column `packet`. */
  readonly journeyNumber: number;
}

/**
 * Gives each event its journey, and each return its call and its packet, in traces that follow packets. The
 * kernel has put the packet into each entry. A return has the address of its skb only, and that is nothing
 * to go by, because the skb may have been freed inside the call and be another packet by now: it gets the
 * packet that its call was entered with. Returns whose entry is missing are together a journey of their
 * own, without a packet, because nobody knows whose they are.
 *
 * However long the trace, it remembers the last `REMEMBERED` journeys, as many addresses, and the open
 * calls. Events of a journey that began before these are another journey, and an skb that was not seen
 * for as long counts as another packet.
 */
export class FollowJourneys implements Stage {
  /** The numbers that the kernel gave to journeys. */
  readonly #keys: RecentKeys;
  /** By the key's number: the number of the journey, from 1. */
  readonly #numbers: number[] = [];
  readonly #skbs: RecentKeys;
  /** By the skb's number: its latest packet. */
  readonly #members: (Member | undefined)[] = [];
  #journeys = 0;
  /** The journey of the returns whose entry is missing; 0 while there are none. */
  #unknown = 0;
  /** Of traces that have returns. */
  readonly #calls?: OpenCalls<Member>;
  readonly #hasNoReturn?: Uint8Array;

  /** @param remembered for tests, another number in place of `REMEMBERED` */
  constructor(
    { tracer, functions }: Pick<TraceHeader, "tracer" | "functions">,
    remembered = REMEMBERED,
  ) {
    this.#hasNoReturn = withoutReturn(functions);
    if (tracer === "function_graph") this.#calls = new OpenCalls();
    this.#keys = new RecentKeys(remembered);
    this.#skbs = new RecentKeys(remembered, (skb) => this.#calls?.has(skb) ?? false);
  }

  apply(batch: EventBatch): void {
    const { length, columns } = batch;
    const lineage = batch.section(LINEAGE)!;
    const { skb, functionIndex, timestamp, isReturn, task } = columns;
    const { packet, isFirst, isLast, call, entered } = columns;
    const calls = this.#calls;
    for (let row = 0; row < length; row++) {
      const high = skb[2 * row + 1], low = skb[2 * row];
      let number = this.#skbs.find(high, low);
      call[row] = NO_CALL;
      isFirst[row] = isLast[row] = 0;
      if (isReturn[row] === 1) {
        const its = number === undefined
          ? undefined
          : calls?.leave(task[row], number, functionIndex[row]);
        if (its === undefined) {
          if (this.#unknown === 0) this.#unknown = ++this.#journeys;
          packet[row] = this.#unknown;
          continue;
        }
        const member = its.packet;
        call[row] = its.call;
        entered[row] = its.timestamp;
        packet[row] = member.journeyNumber;
        lineage.packet[row] = member.packet;
        lineage.relative[row] = member.relative;
        lineage.journey[row] = member.journey;
        lineage.origin[row] = member.origin;
        continue;
      }
      number ??= this.#skbs.add(high, low);
      const known = this.#members[number];
      let member = known;
      if (member === undefined || !isSame(member, lineage, row)) {
        member = this.#members[number] = this.#memberOf(lineage, row);
        if (known?.packet !== member.packet) isFirst[row] = 1;
      }
      packet[row] = member.journeyNumber;
      if (calls === undefined || this.#hasNoReturn?.[functionIndex[row]] === 1) continue;
      call[row] = calls.enter(task[row], number, functionIndex[row], member, timestamp[row]);
    }
  }

  #memberOf({ packet, relative, journey, origin }: LineageArrays, row: number): Member {
    return {
      packet: packet[row],
      relative: relative[row],
      journey: journey[row],
      origin: origin[row],
      journeyNumber: this.#numberOf(journey[row]),
    };
  }

  /** Returns the number of a journey, which is the next one for a journey that is not remembered. */
  #numberOf(journey: number): number {
    const known = this.#keys.find(journey);
    if (known !== undefined) return this.#numbers[known];
    return this.#numbers[this.#keys.add(journey)] = ++this.#journeys;
  }
}

/** Whether this is still what the kernel says of an skb. `origin` and `relative` change with a merge. */
function isSame(
  member: Member,
  { packet, relative, journey, origin }: LineageArrays,
  row: number,
): boolean {
  return member.packet === packet[row] && member.relative === relative[row] &&
    member.origin === origin[row] && member.journey === journey[row];
}
