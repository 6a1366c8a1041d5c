import type { IpftError } from "../../base/errors.ts";

/** A file without a name that holds what is too much for memory. */
export interface SpillFile {
  /** What has been appended. */
  readonly sizeBytes: number;
  /** Appends bytes, at the latest with `flush`. @throws IpftError when there is no room for them */
  append(bytes: Uint8Array): void;
  flush(): void;
  /** Drops what has been appended after the first `sizeBytes`. */
  truncate(sizeBytes: number): void;
  /** Fills `bytes` with what is there from `at` on. @throws IpftError */
  read(at: number, bytes: Uint8Array): void;
}

/** How much an output may hold, and what becomes of the rest. */
export interface Bound {
  readonly memoryBytes: number;
  /** Opens the file when it is needed first. @throws IpftError */
  openFile(): SpillFile;
  /** Called when the file has no more room, with the error: from now on nothing is kept. */
  onFull(error: IpftError): void;
  /** Called with the number of events that were not kept. */
  onDropped(events: number): void;
}
