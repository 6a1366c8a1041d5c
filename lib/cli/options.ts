import type { BackendName } from "../bpf/attach/backends.ts";
import type { Tracer } from "../event/trace_header.ts";
import type { FunctionFilter } from "../kernel/functions.ts";

/** How results are shown. */
export const OUTPUT_FORMATS = ["aggregate", "stream", "json"] as const;
export type OutputFormat = typeof OUTPUT_FORMATS[number];

/** A file that collects data from each skb and says how it is shown. */
export interface ExtensionFile {
  /** Lua, C, or what a C compiler has made. */
  readonly language: "lua" | "c" | "object";
  readonly path: string;
}

/** What a trace is asked to do, validated. */
export interface TraceOptions {
  /** A packet is traced when `skb->mark & mask` equals `mark & mask`, which is never 0. */
  readonly mark: number;
  readonly mask: number;
  /** Undefined: the best that the kernel has. */
  readonly backend?: BackendName;
  readonly tracer: Tracer;
  readonly output: OutputFormat;
  /** The file that results go to; undefined for standard output. */
  readonly outputPath?: string;
  readonly extension?: ExtensionFile;
  readonly filter: FunctionFilter;
  /** Of all rings together: a power of two, 4 KiB to 2 GiB. */
  readonly bufferSizeBytes: number;
  /** Whether ipft may raise its own limit on open files. */
  readonly setRlimit: boolean;
  /** How many packets are wanted; undefined for all. */
  readonly packets?: number;
  /** When the trace ends by itself, after it was ready; undefined for never. */
  readonly durationMs?: number;
  /** A program and its arguments: it is run once the trace is ready, and the trace ends with it. */
  readonly command?: readonly string[];
  /** Whether the sockets of `command` get the mark. */
  readonly markCommand: boolean;
  /** Where to accept connections once the trace is ready; undefined for nowhere. */
  readonly probeServer?: ProbeServerAddress;
  /** Whether to show what libbpf and the verifier say. */
  readonly verbose: boolean;
}

/** An IP address and a TCP port. */
export interface ProbeServerAddress {
  readonly hostname: string;
  readonly port: number;
}

/** Files that an extension begins with. */
export const TEMPLATE_NAMES = ["bpf-module-skeleton", "bpf-module-header", "lua-script"] as const;
export type TemplateName = typeof TEMPLATE_NAMES[number];

/** What shells read to complete ipft's command line. */
export const COMPLETION_NAMES = ["completion-bash", "completion-zsh", "completion-fish"] as const;

/** What `ipft --gen` prints. */
export type GeneratedName = TemplateName | typeof COMPLETION_NAMES[number] | "man-page";

/** What `ipft lua` is asked to do. */
export interface ScriptTrial {
  readonly script: string;
  /** `DATA_BYTES` that stand for an event's data. */
  readonly data: Uint8Array<ArrayBuffer>;
  readonly isJson: boolean;
}
