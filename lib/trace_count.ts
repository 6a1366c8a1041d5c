import type { EventBatch } from "./bpf/event.ts";
import { PairTable } from "./output/pair_table.ts";

const OPEN = 1, ENDED = 2;

/** Counts what a trace has seen: its events, their packets, and the functions that they are in. */
export class TraceCount {
  readonly #isLast: readonly boolean[];
  readonly #skbs = new PairTable();
  /** By the skb's number: `OPEN` or `ENDED`; 0 for one that was not seen. */
  #states = new Uint8Array(1024);
  readonly #isSeen: Uint8Array;
  #events = 0;
  #packets = 0;
  #functions = 0;

  /** @param isLast by function index: whether a packet ends with it, see `endsPacket` */
  constructor(isLast: readonly boolean[]) {
    this.#isLast = isLast;
    this.#isSeen = new Uint8Array(isLast.length);
  }

  get events(): number {
    return this.#events;
  }

  /** An skb that comes again after its end is another packet. */
  get packets(): number {
    return this.#packets;
  }

  get functions(): number {
    return this.#functions;
  }

  add({ length, skbHigh, skbLow, functionIndex, isReturn }: EventBatch): void {
    this.#events += length;
    for (let row = 0; row < length; row++) {
      const index = functionIndex[row];
      if (this.#isSeen[index] === 0) {
        this.#isSeen[index] = 1;
        this.#functions++;
      }
      const skb = this.#skbs.number(skbHigh[row], skbLow[row]);
      if (skb >= this.#states.length) this.#grow();
      const state = this.#states[skb];
      // Calls that were open at a packet's end return later.
      if (state === 0 || (state === ENDED && isReturn[row] === 0)) {
        this.#packets++;
        this.#states[skb] = OPEN;
      }
      if (isReturn[row] === 0 && this.#isLast[index]) this.#states[skb] = ENDED;
    }
  }

  #grow(): void {
    const larger = new Uint8Array(this.#states.length * 2);
    larger.set(this.#states);
    this.#states = larger;
  }
}
