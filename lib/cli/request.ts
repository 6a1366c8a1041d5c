import type { Tracer } from "../event/trace_header.ts";
import type { Section } from "../event/section.ts";
import type { BackendName } from "../bpf/attach/backends.ts";
import type { ExtensionFile } from "../extension/extension.ts";
import type { TemplateName } from "../extension/templates.ts";
import type { FilterRequest } from "../filter/filter_request.ts";
import type { OutputRequest } from "../output/outputs.ts";

/** What the command line asks for. */
export type Request =
  | { readonly kind: "trace"; readonly options: TraceOptions }
  | { readonly kind: "list"; readonly functions: FunctionPatterns }
  | { readonly kind: "doctor"; readonly verbose: boolean }
  | { readonly kind: "lua"; readonly trial: ScriptTrial }
  | { readonly kind: "generate"; readonly template: GeneratedName }
  | { readonly kind: "version" }
  /** `--help`: a text for stdout. */
  | { readonly kind: "print"; readonly text: string };

/** Regular expressions for the names of functions and modules, not checked yet. Undefined for all. */
export interface FunctionPatterns {
  readonly functionRegex?: string;
  readonly moduleRegex?: string;
}

/** What to trace and where results go, validated. */
export interface TraceOptions {
  /** The packets to trace. Without a condition, all of them or those of `command`: see `sockets`. */
  readonly filter: FilterRequest;
  /** The functions to trace them in. */
  readonly functions: FunctionPatterns;
  /** Undefined: the best that the kernel has. */
  readonly backend?: BackendName;
  readonly tracer: Tracer;
  /** How many packets can be followed at once, 1 to 2^22. Undefined: none is followed. */
  readonly follow?: { readonly maxPackets: number };
  /** Whether the verdicts of tc and XDP programs are events. */
  readonly programs: boolean;
  /** What to record of each event besides its header, in the order of `SECTIONS`. */
  readonly sections: readonly Section[];
  /** At least one. No two have the same destination. */
  readonly outputs: readonly OutputRequest[];
  /** The most that outputs hold together; undefined for a share of what is free. At least 128 MiB. */
  readonly memoryBytes?: number;
  /** The directory for what is more than that; undefined for the usual one. */
  readonly tmp?: string;
  readonly extension?: ExtensionFile;
  /** Size of all rings together: a power of two, 4 KiB to 2 GiB. */
  readonly bufferSizeBytes: number;
  /** Whether ipft may raise its own limit on open files. */
  readonly setRlimit: boolean;
  /** How many packets to trace, with what comes out of them if they are followed; undefined for all. */
  readonly packets?: number;
  /** How long to trace once the trace is ready; undefined for no limit. */
  readonly durationMs?: number;
  /** A program and its arguments, run once the trace is ready. The trace ends with it. */
  readonly command?: readonly string[];
  /**
   * What becomes of the sockets that `command` opens: `mark` gives them the mark of the filter, `follow` is
   * one more condition for packets, that they are of these sockets. Undefined for nothing.
   */
  readonly sockets?: "mark" | "follow";
  /** Where to accept connections once the trace is ready; undefined for nowhere. */
  readonly probeServer?: ProbeServerAddress;
  /** Whether to show what libbpf and the verifier log. */
  readonly verbose: boolean;
}

/** How many packets can be followed at once unless the command line says so. */
export const DEFAULT_FOLLOWED = 65536;

/** An IP address and a TCP port. */
export interface ProbeServerAddress {
  readonly hostname: string;
  readonly port: number;
}

/** Scripts that complete ipft's command line in a shell. */
export const COMPLETION_NAMES = ["completion-bash", "completion-zsh", "completion-fish"] as const;

/** What `ipft --gen` can print. */
export type GeneratedName = TemplateName | typeof COMPLETION_NAMES[number] | "man-page";

/** What `ipft lua` is to try. */
export interface ScriptTrial {
  readonly script: string;
  /** The data of an event: `DATA_BYTES` bytes. */
  readonly data: Uint8Array<ArrayBuffer>;
  readonly isJson: boolean;
}
