/**
 * What a record costs those who write it: one CPU, two with a ring each, and two with one ring, whose lock
 * they share. It is the reason for the tracer's ring per CPU. The rings are new ones that nobody
 * reads; timed are the programs' runs, by the kernel. Where other work keeps a CPU busy, the two meet
 * less often, and sharing costs less than it does on a quiet machine.
 */
import { RingFiller } from "../../support/ring_filler.ts";
import { ratio, rotated, type Samples, type Series } from "../series.ts";
import type { FillingOrder } from "./filling_thread.ts";

/** Of each CPU. */
const RECORDS = 1_000_000;
/** Room for the records of two CPUs, of 32 bytes with the header. */
const RING_BYTES = 1 << 26;

const FIGURE = "filling a ring: time per record";

const ONE = { name: "1 CPU" };
const OWN = { name: "2 CPUs, a ring each" };
const SHARED = { name: "2 CPUs, one ring" };

/** Needs CPUs 0 and 1. */
export async function measureFilling(samples: Samples, rounds: number): Promise<void> {
  using threads = new DisposableStack();
  const cpus = [0, 1].map((cpu) => threads.use(new FillingThread(cpu)));
  {
    // Until the threads have started, so that later they begin at the same time.
    using filler = await RingFiller.make(RING_BYTES);
    await Promise.all(cpus.map((cpu) => cpu.timeNs(filler, 1)));
  }
  for (let round = 0; round < rounds; round++) {
    for (const tool of rotated([ONE, OWN, SHARED], round)) {
      using first = await RingFiller.make(RING_BYTES);
      using second = await RingFiller.make(RING_BYTES);
      const rings = tool === ONE ? [first] : tool === OWN ? [first, second] : [first, first];
      const times = await Promise.all(rings.map((ring, cpu) => cpus[cpu].timeNs(ring, RECORDS)));
      samples.add(FIGURE, tool, "ns", times.reduce((sum, ns) => sum + ns) / times.length);
    }
  }
}

/** Two CPUs' times divided by one's. */
export function fillingRatios(samples: Samples): Series[] {
  const of = (tool: { name: string }) => samples.get(FIGURE, tool);
  return [ratio(of(OWN), of(ONE)), ratio(of(SHARED), of(ONE))];
}

class FillingThread implements Disposable {
  readonly #worker = new Worker(new URL("./filling_thread.ts", import.meta.url), {
    type: "module",
  });

  constructor(readonly cpu: number) {}

  /** Adds records to a ring; resolves to what one took. An error in there ends this program. */
  timeNs(filler: RingFiller, repeat: number): Promise<number> {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#worker.onmessage = ({ data }: MessageEvent<number>) => resolve(data);
    const order: FillingOrder = {
      cpu: this.cpu,
      programFd: filler.programFd("submit_constant"),
      repeat,
    };
    this.#worker.postMessage(order);
    return promise;
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}
