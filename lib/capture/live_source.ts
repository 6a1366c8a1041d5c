/** The running kernel as a source of events: inspect -> plan -> load -> attach -> read. */
import type { Attachment, AttachObserver } from "../bpf/attach/attachment.ts";
import { RingReader } from "../bpf/ring_reader.ts";
import { Rings } from "../bpf/rings.ts";
import type { Tracer as Programs } from "../bpf/programs.ts";
import type { EventBatch } from "../event/batch.ts";
import { DATA, type Section } from "../event/section.ts";
import type { TraceHeader } from "../event/trace_header.ts";
import { monotonicNs } from "../ffi/libc.ts";
import { inspectKernel } from "../kernel/inspect.ts";
import { attach, loadTracer } from "./attach.ts";
import type { Completeness, EventSource } from "./event_source.ts";
import { type CapturePlan, type PlanOptions, planTrace } from "./plan.ts";

/** While records come, an empty ring is looked at this often. */
const POLL_MS = 10;

/** When none came for `POLL_MS`, the kernel wakes ipft up for the next one, or after this time. */
const ASLEEP_MS = 1000;

/** After the end, probes that are still under way have this long to submit their records. */
const SETTLE_MS = 1000;

/** What to capture, and how. */
export interface CaptureOptions extends PlanOptions {
  /** Which packets. */
  readonly filter: PacketFilter;
  /** What events have besides what all have. */
  readonly sections: readonly Section[];
  /** The programs linked with the user's extension; undefined without one. */
  readonly extension?: Uint8Array<ArrayBuffer>;
  /** Of all rings together: a power of two, 4 KiB to 2 GiB. */
  readonly bufferSizeBytes: number;
  /** Whether ipft may raise its own limit on open files. */
  readonly setRlimit: boolean;
  /** Outputs whose readers may go away, which ends the sleep of `read`; -1 for others. */
  readonly outputFds: readonly number[];
  /** Called with each line that libbpf or the verifier logs; undefined to log nothing. */
  readonly onLog?: (line: string) => void;
}

/** The events of this machine's kernel. Disposing detaches and unloads everything. */
export class LiveSource implements EventSource {
  readonly header: TraceHeader;
}
