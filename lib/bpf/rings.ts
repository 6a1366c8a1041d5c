import { createRing, setInnerMap } from "../ffi/background.ts";
import { close } from "../ffi/libc.ts";
import { cpuNumbers } from "../kernel/cpus.ts";
import { ringRefusal } from "./load_error.ts";

/** With less, a ring does not last from one turn of `drain` to the next. */
const MIN_SHARED_BYTES = 4 << 20;

/**
 * How many rings to make of a buffer: one for each CPU, as long as they are not too small. (A CPU whose
 * ring is full takes up to three others.)
 * @param bufferSizeBytes a power of two
 * @param cpus one more than the highest number of a CPU
 * @returns a power of two
 */
export function ringCount(bufferSizeBytes: number, cpus: number): number {
  let count = 1;
  while (count < cpus && bufferSizeBytes / (2 * count) >= MIN_SHARED_BYTES) count *= 2;
  return count;
}

/** The ring buffers that the tracer's programs write into, `ipft_rings` of record.h. */
export class Rings implements Disposable {
  private constructor(
    readonly fds: readonly number[],
    /** Of each: a power of two. */
    readonly sizeBytes: number,
  ) {}

  /**
   * Makes the rings, on another thread: the kernel clears their memory.
   * @param bufferSizeBytes of all rings together: a power of two, at least a page
   * @throws IpftError when the kernel refuses them
   */
  static async make(bufferSizeBytes: number): Promise<Rings> {
    const count = ringCount(bufferSizeBytes, cpuNumbers());
    const fds: number[] = [];
    const rings = new Rings(fds, bufferSizeBytes / count);
    // One after the other: at its first map, libbpf raises the limit on locked memory.
    while (fds.length < count) {
      const fd = await createRing("ipft_ring", rings.sizeBytes);
      if (fd < 0) {
        rings[Symbol.dispose]();
        throw ringRefusal(fd, bufferSizeBytes);
      }
      fds.push(fd);
    }
    return rings;
  }

  /**
   * Lets the programs find the rings.
   * @param arrayFd the map `ipft_rings`
   * @returns 0, or the negative errno of one that the kernel refused
   */
  async insertInto(arrayFd: number): Promise<number> {
    const results = await Promise.all(this.fds.map((fd, i) => setInnerMap(arrayFd, i, fd)));
    return Math.min(...results);
  }

  [Symbol.dispose](): void {
    this.fds.forEach(close);
  }
}
