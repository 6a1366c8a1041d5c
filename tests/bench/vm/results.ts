import type { Series } from "./series.ts";

/** All that the guest has measured. */
export interface Results {
  readonly kernel: string;
  readonly cpus: number;
  /** Lines that name the tools' versions. */
  readonly versions: readonly string[];
  /** To how many functions each tool attaches. */
  readonly attached: Readonly<Record<string, number>>;
  readonly series: readonly Series[];
}
