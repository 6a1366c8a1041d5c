import { errnoText, IpftError } from "../errors.ts";
import { AttachType } from "../ffi/bpf.ts";
import { Mapping, waitForInput } from "../ffi/libc.ts";
import { BpfObject, type BpfProgram } from "../ffi/libbpf.ts";
import { LibbpfLog } from "../ffi/log.ts";
import type { Backend } from "../options.ts";
import { CONFIG, STATE } from "./event.ts";

/** What the tracer is loaded with. */
export interface TracerConfig {
  readonly backend: Backend;
  /** u32; only bits that the mask has count. */
  readonly mark: number;
  readonly mask: number;
  /** Size of the ring: a power of two, a page at least. */
  readonly bufferSizeBytes: number;
  /**
   * The traced functions by position of the skb. An fentry program cannot even be loaded without one,
   * and not every function takes one: the first that does lends itself to its position's program. A
   * position without such a function gets no program.
   */
  readonly functionsByPosition: ReadonlyMap<number, readonly string[]>;
  /** How many functions user space will enter into `function_by_address`; 0 where cookies exist. */
  readonly addressCount: number;
  /** Called with each line that libbpf or the verifier logs: `-v`. */
  readonly onLog?: (line: string) => void;
}

/** What the programs have counted, over all CPUs. */
export interface Counters {
  /** Probes that met a marked packet. */
  readonly hits: number;
  /** Hits whose record found no room in the ring. */
  readonly lost: number;
}

/**
 * The loaded tracer: `tracer.bpf.c` in the kernel, not attached to anything yet. Disposing it unloads
 * all that no attachment holds.
 */
export class Tracer implements Disposable {
  readonly #object: BpfObject;
  readonly #state: Mapping;
  readonly #active: Uint32Array;
  readonly #asleep: Uint32Array;
  readonly #counters: BigUint64Array;
  readonly #programPrefix: string;

  private constructor(object: BpfObject, programPrefix: string) {
    this.#object = object;
    this.#programPrefix = programPrefix;
    this.#state = new Mapping(object.map(".bss").fd, 0, STATE.sizeBytes, "read-write");
    this.#active = new Uint32Array(this.#state.memory, STATE.active, 1);
    this.#asleep = new Uint32Array(this.#state.memory, STATE.asleep, 1);
    this.#counters = new BigUint64Array(this.#state.memory, STATE.counters);
  }

  /**
   * Loads the programs that `config.backend` needs.
   * @throws IpftError when the object is not built, or the kernel refuses the ring or a program
   */
  static load(config: TracerConfig): Tracer {
    const elf = readObject();
    /** By position: the function whose turn it is to lend itself to the fentry program. */
    const turns = new Map(Array.from(config.functionsByPosition.keys(), (key) => [key, 0]));
    for (;;) {
      using log = new LibbpfLog(config.onLog);
      const object = new BpfObject(elf, "ipft");
      try {
        configure(object, config, turns);
        const result = object.load();
        if (result === 0) return new Tracer(object, programPrefix(config.backend));
        if (!takeNextFunction(config, turns, log.lines)) throw loadError(result, config, log.lines);
      } catch (error) {
        object[Symbol.dispose]();
        throw error;
      }
      object[Symbol.dispose]();
    }
  }

  /** The program for functions that have the skb at `position`; without an `fd` if it is not loaded. */
  program(position: number): BpfProgram {
    return this.#object.program(this.#programPrefix + position);
  }

  get ringFd(): number {
    return this.#object.map("ring").fd;
  }

  /** Tells the programs which function an address is, on kernels without attach cookies. */
  enterAddress(address: bigint, functionIndex: number): void {
    const result = this.#object.map("function_by_address")
      .update(new BigUint64Array([address]), new Uint32Array([functionIndex]));
    if (result !== 0) throw new IpftError(`cannot fill the address map: ${errnoText(result)}`);
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
   * Waits until the ring has a record, the reader of `outputFd` has gone, or `timeoutMs` have passed.
   * Only meanwhile, and once more after it, does a record cost the kernel a wake-up. May be left
   * waiting: it does not touch the tracer when it ends.
   */
  async waitForRecord(outputFd: number, timeoutMs: number): Promise<void> {
    Atomics.store(this.#asleep, 0, 1);
    await waitForInput(this.ringFd, outputFd, timeoutMs);
  }

  counters(): Counters {
    let hits = 0n, lost = 0n;
    const words = this.#counters, step = STATE.counterBytes / 8;
    for (let slot = 0; slot < words.length; slot += step) {
      // lost first: a hit that is counted in between must not look lost before it was made.
      lost += Atomics.load(words, slot + STATE.lost / 8);
      hits += Atomics.load(words, slot + STATE.hits / 8);
    }
    return { hits: Number(hits), lost: Number(lost) };
  }

  [Symbol.dispose](): void {
    this.#state[Symbol.dispose]();
    this.#object[Symbol.dispose]();
  }
}

/** kprobe and kprobe-multi run the same programs. */
function programPrefix(backend: Backend): string {
  return backend === "ftrace" ? "fentry_" : "kprobe_";
}

function readObject(): Uint8Array<ArrayBuffer> {
  const path = new URL("./tracer.bpf.o", import.meta.url);
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    throw new IpftError(
      `cannot read the tracer object: ${(error as Error).message}`,
      "build it: make bpf",
    );
  }
}

function configure(
  object: BpfObject,
  config: TracerConfig,
  turns: ReadonlyMap<number, number>,
): void {
  const prefix = programPrefix(config.backend);
  for (const program of object.programs()) program.autoload = false;
  for (const [position, functions] of config.functionsByPosition) {
    const program = object.program(prefix + position);
    const turn = turns.get(position)!;
    if (turn >= functions.length) continue;
    program.autoload = true;
    if (config.backend === "kprobe-multi") {
      program.expectedAttachType = AttachType.traceKprobeMulti;
    } else if (config.backend === "ftrace") {
      const name = functions[turn];
      const result = program.setAttachTarget(name);
      if (result !== 0) {
        throw new IpftError(`no function ${name} in the BTF: ${errnoText(result)}`);
      }
    }
  }
  object.map("ring").maxEntries = config.bufferSizeBytes;
  object.map("function_by_address").maxEntries = Math.max(1, config.addressCount);
  const rodata = new DataView(object.map(".rodata").initialValue());
  rodata.setUint32(CONFIG.wantedMark, (config.mark & config.mask) >>> 0, true);
  rodata.setUint32(CONFIG.markMask, config.mask, true);
}

/** After a load that a function of an fentry program made fail: whether it is worth another try. */
function takeNextFunction(
  { functionsByPosition }: TracerConfig,
  turns: Map<number, number>,
  log: readonly string[],
): boolean {
  const position = Number(log.join("\n").match(/prog 'fentry_(\d)': failed to load/)?.[1]);
  const turn = turns.get(position);
  if (turn === undefined) return false;
  turns.set(position, turn + 1);
  return Array.from(functionsByPosition).some(([key, { length }]) => turns.get(key)! < length);
}

/** Which of the few known reasons it is that the kernel refused the object. */
function loadError(result: number, config: TracerConfig, log: readonly string[]): IpftError {
  const reason = errnoText(result);
  if (log.some((line) => /map 'ring': failed to create/.test(line))) {
    return new IpftError(
      `the kernel refused a ring buffer of ${config.bufferSizeBytes} bytes: ${reason}`,
      "choose a smaller --buffer-size",
    );
  }
  const EPERM = 1;
  if (result === -EPERM) {
    return new IpftError(
      `the kernel refused to load tracing programs: ${reason}`,
      "run as root with CAP_BPF and CAP_PERFMON, on a kernel that is not locked down " +
        "(see: ipft doctor)",
    );
  }
  return new IpftError(
    `the kernel refused the ${config.backend} programs: ${reason}`,
    "try another --backend (see: ipft doctor)",
    1,
    log,
  );
}
