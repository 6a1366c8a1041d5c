import { doubled, PairTable } from "./pair_table.ts";

/** In place of a call: there is none. */
export const NO_CALL = 0;

/** The open calls of a task, outermost first, in three arrays of the same length. */
class Stack {
  /** The call's function, skb and task: a number of `OpenCalls`. */
  readonly keys: number[] = [];
  readonly calls: number[] = [];
  /** For each open call the depth of the next one around it with the same key; 0 without one. */
  readonly around: number[] = [];
}

/**
 * Pairs the returns of a trace with its entries while they come.
 *
 * In a task a return belongs to the innermost open call of the same function with the same skb; open
 * calls inside that one have lost their return. So calls that have both are nested in each other, or
 * follow one another. Takes constant time for an event, however much is lost and however many calls
 * stay open.
 */
export class OpenCalls {
  readonly #functionAndSkb = new PairTable();
  readonly #keys = new PairTable();
  readonly #tasks = new PairTable();
  readonly #stacks: Stack[] = [];
  /** By key: how many calls of the task are open up to the innermost one with that key; 0 without one. */
  #innermost = new Uint32Array(1024);
  #calls: number = NO_CALL;

  /** Opens a call and returns its number: 1, 2, 3… */
  enter(task: number, skb: number, functionIndex: number): number {
    const key = this.#key(task, skb, functionIndex);
    const { keys, calls, around } = this.#stack(task);
    keys.push(key);
    calls.push(++this.#calls);
    around.push(this.#innermost[key]);
    this.#innermost[key] = keys.length;
    return this.#calls;
  }

  /** Closes the call that returns and returns its number; `NO_CALL` when its entry is missing. */
  leave(task: number, skb: number, functionIndex: number): number {
    const depth = this.#innermost[this.#key(task, skb, functionIndex)];
    if (depth === 0) return NO_CALL;
    const { keys, calls, around } = this.#stack(task);
    let call: number = NO_CALL;
    while (keys.length >= depth) {
      this.#innermost[keys.pop()!] = around.pop()!;
      call = calls.pop()!;
    }
    return call;
  }

  #key(task: number, skb: number, functionIndex: number): number {
    const key = this.#keys.number(this.#functionAndSkb.number(skb, functionIndex), task);
    if (key >= this.#innermost.length) this.#innermost = doubled(this.#innermost);
    return key;
  }

  #stack(task: number): Stack {
    return this.#stacks[this.#tasks.number(task, 0)] ??= new Stack();
  }
}
