import { IpftError } from "../../lib/base/errors.ts";
import type { Bound, SpillFile } from "../../lib/analysis/held/spill_file.ts";

/** A bound with a file in memory, which may have an end. */
export class TinyBound implements Bound, SpillFile {
  /** What became of the events that there was no room for. */
  dropped = 0;
  errors = 0;
  sizeBytes = 0;
  /** The most that was in the file. */
  mostBytes = 0;
  #bytes = new Uint8Array(1 << 16);

  /** @param fileBytes how much the file has room for */
  constructor(readonly memoryBytes: number, readonly fileBytes = Infinity) {}

  openFile(): SpillFile {
    return this;
  }

  onFull(): void {
    this.errors++;
  }

  onDropped(events: number): void {
    this.dropped += events;
  }

  append(bytes: Uint8Array): void {
    const end = this.sizeBytes + bytes.length;
    if (end > this.fileBytes) throw new IpftError("the disk is full");
    while (end > this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.sizeBytes);
    this.sizeBytes = end;
    this.mostBytes = Math.max(this.mostBytes, end);
  }

  flush(): void {}

  truncate(sizeBytes: number): void {
    this.sizeBytes = sizeBytes;
  }

  read(at: number, bytes: Uint8Array): void {
    if (at + bytes.length > this.sizeBytes) throw new Error("there is nothing");
    bytes.set(this.#bytes.subarray(at, at + bytes.length));
  }
}
