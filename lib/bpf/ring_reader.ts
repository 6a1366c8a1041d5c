import { monotonicNs } from "../ffi/libc.ts";
import type { EventBatch } from "../event/batch.ts";
import type { Section } from "../event/section.ts";
import { compileCopy } from "./record_copier.ts";
import { Ring } from "./ring.ts";
import type { Rings } from "./rings.ts";

/** Reads the records of the tracer's rings as one stream, in the order of their times. */
export class RingReader implements Disposable {
  readonly #rings: readonly Ring[];
  readonly #originNs: bigint;

  /**
   * @param sections that the records have after `struct event`, and so the batches to read into
   * @param originNs CLOCK_MONOTONIC that the batches' timestamps count from
   */
  constructor(
    { fds, sizeBytes }: Pick<Rings, "fds" | "sizeBytes">,
    sections: readonly Section[],
    originNs: bigint,
  ) {
    const copyRecords = compileCopy(sections);
    this.#rings = fds.map((fd) => new Ring(fd, sizeBytes, copyRecords, originNs));
    this.#originNs = originNs;
  }

  /**
   * Fills `batch` from its start with the next records and frees their room in the rings.
   *
   * A record gets its time after its room. So what no ring shows yet is later than the moment before the
   * first of them was looked at, and all up to that moment can be put in order now; the rest is left
   * for the next time. A record that is not submitted yet holds up its own ring only: what comes of
   * it, on any CPU, is later than that look.
   */
  read(batch: EventBatch): void {
    const rings = this.#rings;
    batch.length = 0;
    const horizon = rings.length === 1 ? Infinity : Number(monotonicNs() - this.#originNs);
    for (const ring of rings) ring.look();
    while (batch.length < batch.capacity) {
      let next: Ring | undefined;
      let nextTime = Infinity, otherTime = horizon;
      for (const ring of rings) {
        const time = ring.nextTime();
        if (time < nextTime) {
          otherTime = Math.min(otherTime, nextTime);
          nextTime = time;
          next = ring;
        } else if (time < otherTime) {
          otherTime = time;
        }
      }
      if (next === undefined || nextTime > horizon) break;
      next.copy(batch, otherTime);
    }
    for (const ring of rings) ring.release();
  }

  [Symbol.dispose](): void {
    this.#rings.forEach((ring) => ring[Symbol.dispose]());
  }
}
