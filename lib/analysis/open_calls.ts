import { doubled, KeyTable } from "./key_table.ts";

/** In place of a call: there is none. */
export const NO_CALL = 0;

/**
 * The most calls of a task that are open at once. No stack of the kernel has room for so many: most of
 * them have lost their return.
 */
const MOST_OPEN = 1 << 14;

/** A call that has been entered. `Packet` is what the caller knows its packet by. */
export interface OpenCall<Packet> {
  /** 1, 2, 3… */
  readonly call: number;
  /** The number of the skb that it was entered with. */
  readonly skb: number;
  readonly packet: Packet;
  /** When it was entered. */
  readonly timestamp: number;
  /** The call's task, skb and function: a number of `OpenCalls`. */
  readonly key: number;
  /** The depth of the next call around it with the same key; 0 without one. */
  around: number;
}

/**
 * Pairs the returns of a trace with its entries while they come.
 *
 * In a task a return belongs to the innermost open call of the same function with the same skb; open
 * calls inside that one have lost their return. So calls that have both are nested in each other, or
 * follow one another. Takes constant time for an event, however much is lost and however many calls
 * stay open.
 *
 * It remembers open calls only. Those that have lost their return stay open until a call around them
 * returns, or too many are open.
 */
export class OpenCalls<Packet> {
  /** Of open calls: task, function and skb. */
  readonly #keys = new KeyTable();
  /** Tasks with open calls. */
  readonly #tasks = new KeyTable();
  /** By task: its open calls, outermost first. */
  readonly #stacks: OpenCall<Packet>[][] = [];
  /** By key: how many calls of the task are open up to the innermost one with that key; 0 without one. */
  #innermost = new Uint32Array(1024);
  /** By skb: how many calls with it are open. */
  #withSkb = new Uint32Array(1024);
  #calls: number = NO_CALL;

  /** Opens a call and returns its number. */
  enter(
    task: number,
    skb: number,
    functionIndex: number,
    packet: Packet,
    timestamp: number,
  ): number {
    const stack = this.#stacks[this.#tasks.number(task, 0)] ??= [];
    if (stack.length === MOST_OPEN) this.#closeOutermost(stack, MOST_OPEN / 2);
    const key = this.#keys.number(skb, functionIndex, task);
    if (key >= this.#innermost.length) this.#innermost = doubled(this.#innermost);
    while (skb >= this.#withSkb.length) this.#withSkb = doubled(this.#withSkb);
    const call = ++this.#calls;
    stack.push({ call, skb, packet, timestamp, key, around: this.#innermost[key] });
    this.#innermost[key] = stack.length;
    this.#withSkb[skb]++;
    return call;
  }

  /** Closes the call that returns and returns it; undefined when its entry is missing. */
  leave(task: number, skb: number, functionIndex: number): OpenCall<Packet> | undefined {
    const key = this.#keys.find(skb, functionIndex, task);
    if (key === undefined) return undefined;
    const itsTask = this.#tasks.number(task, 0);
    const stack = this.#stacks[itsTask];
    const depth = this.#innermost[key];
    let call: OpenCall<Packet> | undefined;
    while (stack.length >= depth) {
      call = stack.pop()!;
      this.#innermost[call.key] = call.around;
      if (call.around === 0) this.#keys.forget(call.key);
      this.#withSkb[call.skb]--;
    }
    if (stack.length === 0) this.#tasks.forget(itsTask);
    return call;
  }

  /** Gives up so many calls of a task. */
  #closeOutermost(stack: OpenCall<Packet>[], count: number): void {
    for (const { key, skb } of stack.splice(0, count)) {
      this.#withSkb[skb]--;
      if (this.#innermost[key] === 0 || this.#innermost[key] > count) continue;
      this.#innermost[key] = 0;
      this.#keys.forget(key);
    }
    stack.forEach((call, i) => {
      call.around = Math.max(0, call.around - count);
      this.#innermost[call.key] = i + 1;
    });
  }

  /** Whether a call with this skb is open. */
  has(skb: number): boolean {
    return this.#withSkb[skb] > 0;
  }
}
