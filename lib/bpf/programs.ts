import type { BpfObject, BpfProgram } from "../ffi/libbpf.ts";
import { Mapping, waitForAny } from "../ffi/libc.ts";
import { STATE } from "./state.ts";
import { loadTracerObject, type ProgramsConfig } from "./load_programs.ts";
import type { Method, MethodPrograms } from "./attach/backend.ts";
import type { Rings } from "./rings.ts";

/** What the programs have counted, over all CPUs. */
export interface Counters {
  /** Probes that met a marked packet. */
  readonly hits: number;
  /** Hits whose record found no room in any ring. */
  readonly lost: number;
  /** Hits that the user's module did not want. */
  readonly dropped: number;
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
  readonly #counters: BigUint64Array;
  readonly #method: Method;
  readonly #rings: Rings;

  private constructor(object: BpfObject, method: Method, rings: Rings) {
    this.#object = object;
    this.#method = method;
    this.#rings = rings;
    this.#state = new Mapping(object.map(".bss").fd, 0, STATE.sizeBytes, "read-write");
    this.#active = new Uint32Array(this.#state.memory, STATE.active, 1);
    this.#asleep = new Uint32Array(this.#state.memory, STATE.asleep, 1);
    this.#counters = new BigUint64Array(this.#state.memory, STATE.counters);
  }

  /**
   * Loads the programs that `config.backend` needs.
   * @throws IpftError when the object is not built, or the kernel refuses the module or a program
   */
  static load(config: ProgramsConfig): Programs {
    const object = loadTracerObject(config);
    try {
      return new Programs(object, config.method, config.rings);
    } catch (error) {
      object[Symbol.dispose]();
      throw error;
    }
  }

  entry(position: number): BpfProgram {
    return this.#object.program(this.#method.entry + position);
  }

  get exit(): BpfProgram | undefined {
    const { exit } = this.#method;
    return exit === undefined ? undefined : this.#object.program(exit);
  }

  /**
   * Lets the programs find their rings; before that, every hit is lost.
   * @returns 0, or a negative errno
   */
  insertRings(): Promise<number> {
    return this.#rings.insertInto(this.#object.map("ipft_rings").fd);
  }

  /** From now on hits are recorded, on all CPUs. */
  start(): void {
    Atomics.store(this.#active, 0, 1);
  }

  /** From now on nothing is recorded, but for probes that are under way on other CPUs. */
  stop(): void {
    Atomics.store(this.#active, 0, 0);
  }

  /**
   * Waits until a ring has a record, the reader of an output has gone, or `timeoutMs` have passed.
   * Only meanwhile, and once more after it, does a record cost the kernel a wake-up. May be left
   * waiting: it does not touch the programs when it ends.
   */
  async waitForRecord(outputFds: readonly number[], timeoutMs: number): Promise<void> {
    Atomics.store(this.#asleep, 0, 1);
    await waitForAny(this.#rings.fds, outputFds, timeoutMs);
  }

  counters(): Counters {
    let hits = 0n, lost = 0n, dropped = 0n;
    const words = this.#counters, step = STATE.counterBytes / 8;
    for (let slot = 0; slot < words.length; slot += step) {
      // hits last: one that is counted in between must not look lost before it was made.
      lost += Atomics.load(words, slot + STATE.lost / 8);
      dropped += Atomics.load(words, slot + STATE.dropped / 8);
      hits += Atomics.load(words, slot + STATE.hits / 8);
    }
    return { hits: Number(hits), lost: Number(lost), dropped: Number(dropped) };
  }

  [Symbol.dispose](): void {
    this.#state[Symbol.dispose]();
    this.#object[Symbol.dispose]();
  }
}
