import type { EventBatch } from "../event/batch.ts";
import type { TraceHeader } from "../event/trace_header.ts";
import { NO_CALL, OpenCalls } from "./open_calls.ts";
import { endsPacket } from "./packet_end.ts";
import { doubled, PairTable } from "./pair_table.ts";
import type { Stage } from "./stage.ts";

const IS_RUNNING = 0, HAS_ENDED = 1;

/**
 * Gives each event its packet, and each return its call. Nothing else decides what a packet is.
 *
 * The address of an skb does not identify a packet, because the allocator hands a freed skb out again at
 * once: the first entry after that of a packet's last function starts another packet. Calls that are
 * still open then return later, and belong to the packet that they were entered with.
 *
 * It relies on the order of the source: the events of an skb come in the order in which they happened.
 */
export class IdentifyPackets implements Stage {
  /** By function index: whether a packet ends with it. */
  #isLast: Uint8Array;
  readonly #functions: TraceHeader["functions"];
  readonly #skbs = new PairTable();
  /** By the skb's number: its latest packet, from 1, and whether that one has ended. */
  #latest = new Uint32Array(1024);
  #states = new Uint8Array(1024);
  #packets = 0;
  /** Packets by call, of traces that have returns. */
  readonly #calls?: OpenCalls;
  #packetOfCall = new Uint32Array(1024);

  constructor({ tracer, functions }: Pick<TraceHeader, "tracer" | "functions">) {
    this.#functions = functions;
    this.#isLast = lastOf(functions);
    if (tracer === "function_graph") this.#calls = new OpenCalls();
  }

  apply({ length, columns }: EventBatch): void {
    const { skb, functionIndex, isReturn, task, packet, isLast, call } = columns;
    if (this.#functions.length !== this.#isLast.length) this.#isLast = lastOf(this.#functions);
    for (let row = 0; row < length; row++) {
      const number = this.#skbs.number(skb[2 * row + 1], skb[2 * row]);
      if (number >= this.#latest.length) this.#grow();
      const isEntry = isReturn[row] === 0;
      const itsCall = this.#calls === undefined
        ? NO_CALL
        : isEntry
        ? this.#calls.enter(task[row], number, functionIndex[row])
        : this.#calls.leave(task[row], number, functionIndex[row]);
      call[row] = itsCall;
      if (!isEntry && itsCall !== NO_CALL) {
        packet[row] = this.#packetOfCall[itsCall];
        isLast[row] = 0;
        continue;
      }
      if (this.#latest[number] === 0 || (isEntry && this.#states[number] === HAS_ENDED)) {
        this.#latest[number] = ++this.#packets;
        this.#states[number] = IS_RUNNING;
      }
      packet[row] = this.#latest[number];
      isLast[row] = isEntry ? this.#isLast[functionIndex[row]] : 0;
      if (isLast[row] === 1) this.#states[number] = HAS_ENDED;
      if (itsCall !== NO_CALL) this.#remember(itsCall, packet[row]);
    }
  }

  #remember(call: number, packet: number): void {
    if (call >= this.#packetOfCall.length) this.#packetOfCall = doubled(this.#packetOfCall);
    this.#packetOfCall[call] = packet;
  }

  #grow(): void {
    this.#latest = doubled(this.#latest);
    const states = new Uint8Array(this.#latest.length);
    states.set(this.#states);
    this.#states = states;
  }
}

function lastOf(functions: TraceHeader["functions"]): Uint8Array {
  return Uint8Array.from(functions, ({ name }) => endsPacket(name) ? 1 : 0);
}
