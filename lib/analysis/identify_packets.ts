import type { EventBatch } from "../event/batch.ts";
import type { TraceHeader } from "../event/trace_header.ts";
import { doubled, KeyTable } from "./key_table.ts";
import { NO_CALL, OpenCalls } from "./open_calls.ts";
import { endsPacket } from "./packet_end.ts";
import type { Stage } from "./stage.ts";
import { withoutReturn } from "./without_return.ts";

const IS_RUNNING = 0, HAS_ENDED = 1;

/**
 * An address whose packet has ended is forgotten once so many other packets have ended. Until then a
 * return that has lost its entry is still counted to that packet.
 */
const REMEMBERED_ENDS = 1 << 16;

/**
 * Gives each event its packet, and each return its call, in traces that do not follow packets. Nothing
 * else decides what a packet is.
 *
 * The address of an skb does not identify a packet, because the allocator hands a freed skb out again at
 * once: the first entry after that of a packet's last function starts another packet. Calls that are
 * still open then return later, and belong to the packet that they were entered with.
 *
 * It relies on the order of the source: the events of an skb come in the order in which they happened.
 *
 * However long the trace, it remembers only the addresses of packets whose end it has not seen, the last
 * `REMEMBERED_ENDS` others, and the open calls.
 */
export class IdentifyPackets implements Stage {
  /** By function index: whether a packet ends with it. */
  #isLast: Uint8Array;
  readonly #functions: TraceHeader["functions"];
  readonly #skbs = new KeyTable();
  /** By the skb's number: its latest packet, from 1, and whether that one has ended. */
  #latest = new Uint32Array(1024);
  #states = new Uint8Array(1024);
  #packets = 0;
  /** The skbs of the packets that ended last, and these packets; a ring that begins at `#ends`. */
  readonly #endedSkbs = new Uint32Array(REMEMBERED_ENDS);
  readonly #endedPackets = new Uint32Array(REMEMBERED_ENDS);
  #ends = 0;
  /** Of traces that have returns. */
  readonly #calls?: OpenCalls<number>;
  readonly #hasNoReturn?: Uint8Array;

  constructor({ tracer, functions }: Pick<TraceHeader, "tracer" | "functions">) {
    this.#functions = functions;
    this.#isLast = lastOf(functions);
    this.#hasNoReturn = withoutReturn(functions);
    if (tracer === "function_graph") this.#calls = new OpenCalls();
  }

  apply({ length, columns }: EventBatch): void {
    if (this.#functions.length !== this.#isLast.length) this.#isLast = lastOf(this.#functions);
    const { skb, functionIndex, timestamp, isReturn, task } = columns;
    const { packet, isFirst, isLast, call, entered } = columns;
    const calls = this.#calls;
    for (let row = 0; row < length; row++) {
      const number = this.#skbs.number(skb[2 * row + 1], skb[2 * row]);
      if (number >= this.#latest.length) this.#grow();
      const isEntry = isReturn[row] === 0;
      call[row] = NO_CALL;
      isFirst[row] = isLast[row] = 0;
      if (!isEntry && calls !== undefined) {
        const its = calls.leave(task[row], number, functionIndex[row]);
        if (its !== undefined) {
          call[row] = its.call;
          packet[row] = its.packet;
          entered[row] = its.timestamp;
          continue;
        }
      }
      if (this.#latest[number] === 0 || (isEntry && this.#states[number] === HAS_ENDED)) {
        this.#latest[number] = ++this.#packets;
        this.#states[number] = IS_RUNNING;
        isFirst[row] = 1;
      }
      packet[row] = this.#latest[number];
      if (!isEntry) continue;
      if (calls !== undefined && this.#hasNoReturn?.[functionIndex[row]] !== 1) {
        call[row] = calls.enter(task[row], number, functionIndex[row], packet[row], timestamp[row]);
      }
      if (this.#isLast[functionIndex[row]] === 1) {
        isLast[row] = 1;
        this.#end(number);
      }
    }
  }

  /** Ends the latest packet of an skb, and forgets the skb of the one that ended so long ago. */
  #end(skb: number): void {
    if (this.#states[skb] === HAS_ENDED) return;
    this.#states[skb] = HAS_ENDED;
    const at = this.#ends++ % REMEMBERED_ENDS;
    const oldest = this.#endedSkbs[at];
    if (this.#endedPackets[at] !== 0 && this.#isOver(oldest, this.#endedPackets[at])) {
      this.#skbs.forget(oldest);
      this.#latest[oldest] = 0;
    }
    this.#endedSkbs[at] = skb;
    this.#endedPackets[at] = this.#latest[skb];
  }

  /** Whether this packet is still the latest of an skb, has ended, and is in no function. */
  #isOver(skb: number, packet: number): boolean {
    return this.#latest[skb] === packet && this.#states[skb] === HAS_ENDED &&
      !this.#calls?.has(skb);
  }

  #grow(): void {
    this.#latest = doubled(this.#latest);
    this.#states = doubled(this.#states);
  }
}

function lastOf(functions: TraceHeader["functions"]): Uint8Array {
  return Uint8Array.from(functions, ({ name }) => endsPacket(name) ? 1 : 0);
}
