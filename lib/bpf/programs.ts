import type { BpfObject, BpfProgram } from "../ffi/libbpf.ts";
import { Mapping, waitForAny } from "../ffi/libc.ts";
import { STATE } from "./state.ts";
import { type FunctionTable, insertFunction } from "./function_table.ts";
import { loadObject, tableFor } from "./load_programs.ts";
import type { SkbFunction } from "../kernel/skb_function.ts";
import type { ProgramsConfig } from "./programs_config.ts";
import type { MethodPrograms } from "./attach/backend.ts";
import type { AttachedProbe } from "./probes/probe.ts";

/** What the programs have counted on all CPUs together. */
export interface Counters {
  /** Probes that met a packet that passes the filter. */
  readonly hits: number;
  /** Hits without a record, because no ring had room. */
  readonly lost: number;
  /** Hits that the user's extension did not want. */
  readonly dropped: number;
  /** Calls that are no hits because nobody knows: what the expression is about could not be read. */
  readonly undecided: number;
  /** Calls with matching packets that are no hits, for want of room. */
  readonly unfollowedCalls: number;
  /** Packets that came out of followed ones and are not followed, for want of room. */
  readonly unfollowedPackets: number;
}

/**
 * The programs of tracer.bpf.c, loaded and not attached to anything yet. Disposing unloads all that no
 * attachment holds.
 */
export class Programs implements MethodPrograms, Disposable {
  readonly #object: BpfObject;
  readonly #state: Mapping;
  readonly #active: Uint32Array;
  readonly #asleep: Uint32Array;
  readonly #isClosed: Uint32Array;
  readonly #counters: BigUint64Array;
  readonly #config: ProgramsConfig;

  /** What is in `ipft_functions`, once functions are added to it. */
  #table?: FunctionTable;

  private constructor(object: BpfObject, config: ProgramsConfig) {
    this.#object = object;
    this.#config = config;
    this.#state = new Mapping(object.map(".bss").fd, 0, STATE.sizeBytes, "read-write");
    this.#active = new Uint32Array(this.#state.memory, STATE.active, 1);
    this.#asleep = new Uint32Array(this.#state.memory, STATE.asleep, 1);
    this.#isClosed = new Uint32Array(this.#state.memory, STATE.isClosed, 1);
    const words = (STATE.sizeBytes - STATE.counters) / 8;
    this.#counters = new BigUint64Array(this.#state.memory, STATE.counters, words);
  }

  /**
   * Loads the programs of a method and the probes.
   * @throws IpftError when the object is not built, or the kernel refuses the extension or a program
   */
  static async load(config: ProgramsConfig): Promise<Programs> {
    const object = await loadObject(config);
    try {
      return new Programs(object, config);
    } catch (error) {
      object[Symbol.dispose]();
      throw error;
    }
  }

  entry(position: number): BpfProgram {
    return this.#object.program(this.#config.method.entry + position);
  }

  get exit(): BpfProgram | undefined {
    const { exit } = this.#config.method;
    return exit === undefined ? undefined : this.#object.program(exit);
  }

  /**
   * Lets the programs know a function that they will be attached to.
   * @param index its number in events
   * @returns false if there is no room for it
   */
  addFunction(index: number, { address = 0n }: SkbFunction): boolean {
    if (this.#config.method.bind) return true;
    this.#table ??= tableFor(this.#config, undefined);
    const { slots } = this.#table;
    const slot = insertFunction(this.#table, address, index);
    if (slot === undefined) return false;
    const { fd } = this.#object.map("ipft_functions");
    using mapping = new Mapping(fd, 0, slots.byteLength, "read-write");
    new Uint32Array(mapping.memory).set(slots.subarray(2 * slot, 2 * slot + 2), 2 * slot);
    return true;
  }

  /**
   * Puts the rings where the programs find them. Before that, every hit is lost.
   * @returns 0, or a negative errno
   */
  insertRings(): Promise<number> {
    return this.#config.rings.insertInto(this.#object.map("ipft_rings").fd);
  }

  /**
   * Attaches the probes; disposing the result detaches them.
   * @throws IpftError when the kernel refuses one
   */
  async attachProbes(): Promise<Required<AttachedProbe>> {
    using attached = new DisposableStack();
    const probes: AttachedProbe[] = [];
    for (const probe of this.#config.probes ?? []) {
      const program = this.#object.program(probe.program);
      const result = probe.attach(program, (name) => this.#object.map(name));
      probes.push(attached.use(result instanceof Promise ? await result : result));
    }
    const kept = attached.move();
    return {
      missed: () => probes.reduce((sum, { missed }) => sum + (missed?.() ?? 0), 0),
      [Symbol.dispose]: () => kept.dispose(),
    };
  }

  /** Begins to count and record hits. */
  start(): void {
    Atomics.store(this.#active, 0, 1);
  }

  /** Stops that. Programs that are running on other CPUs still finish their records. */
  stop(): void {
    Atomics.store(this.#active, 0, 0);
  }

  /**
   * Waits until a ring has a record, the reader of an output has gone, or `timeoutMs` have passed.
   * Only meanwhile, and once more after it, does a record cost the kernel a wake-up. The caller need not
   * await the end: it does not touch the programs.
   */
  async waitForRecord(
    otherFds: readonly number[],
    outputFds: readonly number[],
    timeoutMs: number,
  ): Promise<void> {
    Atomics.store(this.#asleep, 0, 1);
    await waitForAny([...this.#config.rings.fds, ...otherFds], outputFds, timeoutMs);
  }

  /** Lets no further packet match, in traces that follow packets. */
  close(): void {
    Atomics.store(this.#isClosed, 0, 1);
  }

  /** Counts the packets that are followed now. */
  followed(): number {
    return this.#sum(STATE.followed);
  }

  counters(): Counters {
    // hits last, so that a hit counted in between is not taken for a lost one.
    return {
      lost: this.#sum(STATE.lost),
      dropped: this.#sum(STATE.dropped),
      undecided: this.#sum(STATE.undecided),
      unfollowedCalls: this.#sum(STATE.unfollowedCalls),
      unfollowedPackets: this.#sum(STATE.unfollowedPackets),
      hits: this.#sum(STATE.hits),
    };
  }

  /** Adds up a counter of all CPUs. Some of them may be negative. */
  #sum(offsetBytes: number): number {
    const words = this.#counters, step = STATE.counterBytes / 8;
    let sum = 0n;
    for (let at = offsetBytes / 8; at < words.length; at += step) sum += Atomics.load(words, at);
    return Number(BigInt.asIntN(64, sum));
  }

  [Symbol.dispose](): void {
    this.#state[Symbol.dispose]();
    this.#object[Symbol.dispose]();
  }
}
