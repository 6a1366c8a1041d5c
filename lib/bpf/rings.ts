import { createRing, setInnerMap } from "../ffi/background.ts";
import { close } from "../ffi/libc.ts";
import { cpuNumbers } from "../kernel/cpus.ts";
import { ringRefusal } from "./load_error.ts";

/** A smaller ring would be full before user space comes round to it again. */
const MIN_SHARED_BYTES = 4 << 20;

/**
 * Returns how many rings to make of a buffer: one for each CPU, unless they would be too small. (A CPU
 * whose ring is full uses up to three others.)
 * @param bufferSizeBytes a power of two
 * @param cpus the highest number of a CPU plus one
 * @returns a power of two
 */
export function ringCount(bufferSizeBytes: number, cpus: number): number {
  let count = 1;
  while (count < cpus && bufferSizeBytes / (2 * count) >= MIN_SHARED_BYTES) count *= 2;
  return count;
}

/** The ring buffers that the programs write records into: `ipft_rings` of record.h. */
export class Rings implements Disposable {
  private constructor(
    readonly fds: readonly number[],
    /** Size of each, a power of two. */
    readonly sizeBytes: number,
  ) {}

  /**
   * Makes the rings. The kernel clears their memory, so that happens on another thread.
   * @param bufferSizeBytes size of all rings together: a power of two, at least a page
   * @throws IpftError when the kernel refuses them
   */
  static async make(bufferSizeBytes: number): Promise<Rings> {
    const count = ringCount(bufferSizeBytes, cpuNumbers());
    const fds: number[] = [];
    const rings = new Rings(fds, bufferSizeBytes / count);
    // One after the other, because libbpf raises the limit on locked memory with its first map.
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
   * Puts the rings where the programs find them.
   * @param arrayFd file descriptor of the map `ipft_rings`
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
