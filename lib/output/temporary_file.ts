import type { SpillFile } from "../analysis/held/spill_file.ts";
import { fileProblem, IpftError } from "../base/errors.ts";

/** What is written at once: a device takes large writes faster. */
const BUFFER_BYTES = 1 << 20;

/** A file without a name, which is gone with its descriptor. */
export class TemporaryFile implements SpillFile, Disposable {
  readonly #directory: string;
  readonly #file: Deno.FsFile;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #buffered = 0;
  /** What has been written of what was appended. */
  #written = 0;

  /** Makes a file in a directory. @throws IpftError when that cannot be done */
  constructor(directory: string) {
    this.#directory = directory;
    try {
      const path = Deno.makeTempFileSync({ dir: directory, prefix: "ipft-" });
      this.#file = Deno.openSync(path, { read: true, write: true });
      Deno.removeSync(path);
    } catch (error) {
      throw new IpftError(
        `cannot make a file in ${directory}: ${fileProblem(error)}`,
        "name a directory with --tmp",
      );
    }
  }

  get sizeBytes(): number {
    return this.#written + this.#buffered;
  }

  append(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length;) {
      if (this.#buffered === BUFFER_BYTES) this.flush();
      const to = Math.min(bytes.length, from + BUFFER_BYTES - this.#buffered);
      this.#buffer.set(bytes.subarray(from, to), this.#buffered);
      this.#buffered += to - from;
      from = to;
    }
  }

  flush(): void {
    try {
      this.#file.seekSync(this.#written, Deno.SeekMode.Start);
      for (let from = 0; from < this.#buffered;) {
        from += this.#file.writeSync(this.#buffer.subarray(from, this.#buffered));
      }
    } catch (error) {
      throw new IpftError(`cannot write to a file in ${this.#directory}: ${fileProblem(error)}`);
    }
    this.#written += this.#buffered;
    this.#buffered = 0;
  }

  truncate(sizeBytes: number): void {
    this.#buffered = 0;
    this.#written = sizeBytes;
    try {
      this.#file.truncateSync(sizeBytes);
    } catch {
      // What is behind `sizeBytes` is not read, only its room is not given back.
    }
  }

  read(at: number, bytes: Uint8Array): void {
    try {
      this.#file.seekSync(at, Deno.SeekMode.Start);
      for (let from = 0; from < bytes.length;) {
        const count = this.#file.readSync(bytes.subarray(from));
        if (count === null) throw new Error("it is too short");
        from += count;
      }
    } catch (error) {
      throw new IpftError(`cannot read a file in ${this.#directory}: ${fileProblem(error)}`);
    }
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}
