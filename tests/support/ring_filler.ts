/** A real ring on this machine's kernel, filled by socket filters that BPF_PROG_TEST_RUN runs. */
import { addressOf } from "../../lib/ffi/memory.ts";
import { Mapping } from "../../lib/ffi/libc.ts";
import { BpfObject } from "../../lib/ffi/libbpf.ts";

const { symbols } = Deno.dlopen("libbpf.so.1", {
  bpf_prog_test_run_opts: { parameters: ["i32", "buffer"], result: "i32", nonblocking: true },
});

/** The programs of ring_filler.bpf.c; the first three add a record. */
export type Program = "submit" | "submit_with_data" | "submit_constant" | "discard" | "linger";

/** What the programs are run on; they don't look at it. */
const PACKET = new Uint8Array(64);

export class RingFiller implements Disposable {
  readonly #object: BpfObject;
  readonly #state: Mapping;
  /** The one ring's file descriptor. */
  readonly fds: readonly number[];

  private constructor(object: BpfObject, readonly sizeBytes: number) {
    this.#object = object;
    this.fds = [this.#object.map("ring").fd];
    this.#state = new Mapping(this.#object.map(".bss").fd, 0, 16, "read-write");
  }

  static async make(sizeBytes: number): Promise<RingFiller> {
    const elf = Deno.readFileSync(new URL("./ring_filler.bpf.o", import.meta.url));
    const object = new BpfObject(elf, "ring_filler");
    object.map("ring").maxEntries = sizeBytes;
    const result = await object.load();
    if (result !== 0) throw new Error(`ring_filler: load: ${result}`);
    return new RingFiller(object, sizeBytes);
  }

  /** Records that were written since the ring was made. */
  get written(): number {
    return Number(Atomics.load(new BigUint64Array(this.#state.memory), 0));
  }

  /** The next record's number, and with it its time. */
  set written(number: number) {
    new BigUint64Array(this.#state.memory)[0] = BigInt(number);
  }

  /** Lets `linger` submit its record; false when it was about to already, its time being over. */
  release(): boolean {
    return Atomics.exchange(new Uint32Array(this.#state.memory), 2, 0) === 1;
  }

  /** Runs a program `repeat` times; resolves to what its last run returned: 1 when the ring was full. */
  async run(program: Program, repeat = 1): Promise<number> {
    const options = testRunOptions(repeat);
    const result = await symbols.bpf_prog_test_run_opts(this.programFd(program), options);
    if (result < 0) throw new Error(`ring_filler: ${program}: ${result}`);
    return options.getUint32(56, true);
  }

  programFd(program: Program): number {
    return this.#object.program(program).fd;
  }

  [Symbol.dispose](): void {
    this.#state[Symbol.dispose]();
    this.#object[Symbol.dispose]();
  }
}

/** For `bpf_prog_test_run_opts`, which adds what the last run returned and how long one took. */
export function testRunOptions(repeat: number): DataView<ArrayBuffer> {
  // struct bpf_test_run_opts of bpf/bpf.h: sz, data_in, data_out, data_size_in at 24, …, retval
  // at 56, repeat at 60, duration (ns of a run on the average) at 64
  const options = new DataView(new ArrayBuffer(80));
  options.setBigUint64(0, 80n, true);
  options.setBigUint64(8, addressOf(PACKET), true);
  options.setUint32(24, PACKET.length, true);
  options.setInt32(60, repeat, true);
  return options;
}
