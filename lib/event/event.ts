/**
 * The structs that the tracer shares with user space, as `event.h` defines them, and the columnar
 * batches in which records travel from the rings to a sink. `tests/unit/event_layout_test.ts` holds
 * these numbers against the BTF of the built object.
 */

/** Byte offsets in `struct state`, at the start of `.bss`, and in its `struct cpu_counters`. */
export const STATE = {
  active: 0,
  asleep: 4,
  counters: 64,
  counterBytes: 64,
  hits: 0,
  lost: 8,
  dropped: 16,
  sizeBytes: 64 + 256 * 64,
} as const;

/** Byte offsets of the members of `struct event`, and its size. */
export const EVENT = {
  skb: 0,
  timestamp: 8,
  task: 16,
  functionIndex: 20,
  cpu: 22,
  sizeBytes: 24,
} as const;

/** Bits in the two bytes at `EVENT.cpu`: the CPU's number, and above it whether the call returns. */
export const CPU_BITS = 15;

/** What the user's module may fill of each event: it follows `struct event` in the record. */
export const DATA_BYTES = 64;

/**
 * Records drained from the rings, one column a member: row `i` of every column is record `i`.
 * A batch is reused: a sink that keeps rows copies them before `write` returns.
 */
export class EventBatch {
  /** Rows in use; the columns are `capacity` long. */
  length = 0;
  /**
   * Low and high half of the address of the `struct sk_buff` that the call was entered with, the
   * packet's id.
   */
  readonly skbLow: Uint32Array;
  readonly skbHigh: Uint32Array;
  /** CLOCK_MONOTONIC in ns since the trace's `originNs`: exact for the 104 days that 2^53 ns last. */
  readonly timestamp: Float64Array;
  /**
   * In whose context the call runs: calls nest within a task, and with the interrupts on top of it. A
   * thread's id, or for the idle thread of a CPU 0xffffffff minus the number of the CPU.
   */
  readonly task: Uint32Array;
  /** Index into the trace's table of functions. */
  readonly functionIndex: Uint16Array;
  readonly cpu: Uint16Array;
  /** 1 when the call returns, 0 when it is entered. */
  readonly isReturn: Uint8Array;
  /** What the module has written, `DATA_BYTES / 4` words a row; only in traces with a module. */
  readonly data?: Uint32Array<ArrayBuffer>;

  constructor(readonly capacity: number, withData = false) {
    this.skbLow = new Uint32Array(capacity);
    this.skbHigh = new Uint32Array(capacity);
    this.timestamp = new Float64Array(capacity);
    this.task = new Uint32Array(capacity);
    this.functionIndex = new Uint16Array(capacity);
    this.cpu = new Uint16Array(capacity);
    this.isReturn = new Uint8Array(capacity);
    if (withData) this.data = new Uint32Array(capacity * DATA_BYTES / 4);
  }

  /** Puts a row in the place of another one. */
  moveRow(from: number, to: number): void {
    if (from === to) return;
    this.skbLow[to] = this.skbLow[from];
    this.skbHigh[to] = this.skbHigh[from];
    this.timestamp[to] = this.timestamp[from];
    this.task[to] = this.task[from];
    this.functionIndex[to] = this.functionIndex[from];
    this.cpu[to] = this.cpu[from];
    this.isReturn[to] = this.isReturn[from];
    const words = DATA_BYTES / 4;
    this.data?.copyWithin(to * words, from * words, (from + 1) * words);
  }

  /** The data of the rows from `from` up to `to`, `DATA_BYTES` a row, where there is data. */
  dataOf(from: number, to: number): Uint8Array<ArrayBuffer> | undefined {
    if (this.data === undefined) return undefined;
    return new Uint8Array(this.data.buffer, from * DATA_BYTES, (to - from) * DATA_BYTES);
  }
}
