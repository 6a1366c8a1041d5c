import { kprobePmuType } from "../ffi/perf.ts";
import type { Btf } from "../btf/btf.ts";
import type { BtfIds } from "./btf_ids.ts";
import { BtfKind } from "../btf/btf_kind.ts";

/** The features of a kernel that ipft makes use of. */
export interface Capabilities {
  /** BPF_MAP_TYPE_RINGBUF. */
  readonly ringBuffer: boolean;
  /** kprobes as perf events. */
  readonly kprobe: boolean;
  /** BPF links to perf events. Older kernels attach programs to them with ioctl(2). */
  readonly perfEventLink: boolean;
  /** Links that attach a program to many functions at once, through fprobe. */
  readonly kprobeMulti: boolean;
  /** kprobe-multi links that run their program at both entry and return. */
  readonly kprobeSession: boolean;
  /** fentry programs, through direct ftrace calls. */
  readonly fentry: boolean;
  /** BTF of modules, which describes the functions in them. */
  readonly moduleBtf: boolean;
  /** Atomic additions that return what was there. */
  readonly fetchAdd: boolean;
}

/** The name of each capability, and what a kernel needs to have it. */
export const REQUIREMENTS: Readonly<
  Record<keyof Capabilities, readonly [what: string, needs: string]>
> = {
  ringBuffer: ["BPF ring buffer", "Linux 5.8"],
  kprobe: ["kprobes", "CONFIG_KPROBE_EVENTS"],
  perfEventLink: ["perf-event links", "Linux 5.15"],
  kprobeMulti: ["kprobe-multi links", "Linux 5.18 with CONFIG_FPROBE"],
  kprobeSession: ["kprobe sessions", "Linux 6.10 with CONFIG_FPROBE"],
  fentry: ["fentry programs", "Linux 5.5 with CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS"],
  moduleBtf: ["module BTF", "Linux 5.11 with CONFIG_DEBUG_INFO_BTF_MODULES"],
  fetchAdd: ["atomic instructions", "Linux 5.12"],
};

/**
 * Derives the capabilities from the kernel's own types. They are parsed anyway, so this costs next to
 * nothing, and it attaches nothing. Whether the kernel permits the use of a feature is a separate
 * question, which `ipft doctor` answers by trying.
 */
export function probeCapabilities(vmlinux: Btf, ids: BtfIds): Capabilities {
  const hasStruct = (name: string) => vmlinux.find(BtfKind.STRUCT, name) !== undefined;
  const hasFunction = (name: string) => vmlinux.find(BtfKind.FUNC, name) !== undefined;
  const attachTypes = vmlinux.enumeratorNames("bpf_attach_type");
  // Compiled only with CONFIG_FPROBE (kernel/trace/bpf_trace.c).
  const kprobeMulti = hasStruct("bpf_kprobe_multi_link");
  return {
    ringBuffer: vmlinux.enumeratorNames("bpf_map_type").has("BPF_MAP_TYPE_RINGBUF"),
    kprobe: kprobePmuType() !== undefined,
    perfEventLink: attachTypes.has("BPF_PERF_EVENT"),
    kprobeMulti,
    kprobeSession: kprobeMulti && ids.sessionIsReturn !== undefined &&
      ids.sessionCookie !== undefined && attachTypes.has("BPF_TRACE_KPROBE_SESSION"),
    fentry: attachTypes.has("BPF_TRACE_FENTRY") &&
      // Both are compiled only with CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS. Old BTF lacks the functions
      // of kernel/trace/ftrace.c; new kernels lack the struct.
      (hasFunction("register_ftrace_direct") || hasStruct("ftrace_direct_func")),
    moduleBtf: hasStruct("btf_module"),
    // A helper of the same release. The instructions themselves leave no trace in the types.
    fetchAdd: vmlinux.enumeratorNames("bpf_func_id").has("BPF_FUNC_check_mtu"),
  };
}
