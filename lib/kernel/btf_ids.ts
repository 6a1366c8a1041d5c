import type { Btf } from "./btf.ts";
import { BtfKind } from "./btf_kind.ts";

/** Ids of the kernel's functions for session programs in the BTF of vmlinux (kernel/trace/bpf_trace.c). */
export interface SessionFunctions {
  /** Of `bpf_session_is_return`. */
  readonly isReturn: number;
  /** Of `bpf_session_cookie`. */
  readonly cookie: number;
}

/** The functions that session programs call; undefined where there are none (before Linux 6.10). */
export function findSessionFunctions(vmlinux: Btf): SessionFunctions | undefined {
  const isReturn = vmlinux.find(BtfKind.FUNC, "bpf_session_is_return");
  const cookie = vmlinux.find(BtfKind.FUNC, "bpf_session_cookie");
  return isReturn === undefined || cookie === undefined ? undefined : { isReturn, cookie };
}
