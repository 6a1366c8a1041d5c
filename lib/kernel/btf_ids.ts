import type { Btf } from "../btf/btf.ts";
import { BtfKind } from "../btf/btf_kind.ts";
import { findSkbLayout, type SkbLayout } from "./skb_layout.ts";

/** Ids in the BTF of vmlinux that programs refer to; undefined where the kernel lacks the type. */
export interface BtfIds {
  /** `bpf_session_is_return`, Linux 6.10 (kernel/trace/bpf_trace.c). */
  readonly sessionIsReturn?: number;
  /** `bpf_session_cookie`, Linux 6.10 (kernel/trace/bpf_trace.c). */
  readonly sessionCookie?: number;
  /** `bpf_rdonly_cast`, Linux 6.2 (kernel/bpf/helpers.c). */
  readonly rdonlyCast?: number;
  /** `struct sk_buff`. */
  readonly skBuff?: number;
  /** `struct __kernel_sockaddr_storage`, whose bytes 2 to 127 are an array (include/uapi/linux/socket.h). */
  readonly bytes?: number;
  readonly skbLayout?: SkbLayout;
  /** `struct sock`. */
  readonly sock?: number;
  /** `__alloc_skb` (net/core/skbuff.c). */
  readonly allocSkb?: number;
  /** `kmem_cache_free_bulk` (mm/slub.c). */
  readonly freeBulk?: number;
}

/**
 * Looks up the ids in the BTF of vmlinux.
 * @param variables the addresses of PAGE_VARIABLES, as far as they are known
 */
export function findBtfIds(vmlinux: Btf, variables?: ReadonlyMap<string, bigint>): BtfIds {
  return {
    sessionIsReturn: vmlinux.find(BtfKind.FUNC, "bpf_session_is_return"),
    sessionCookie: vmlinux.find(BtfKind.FUNC, "bpf_session_cookie"),
    rdonlyCast: vmlinux.find(BtfKind.FUNC, "bpf_rdonly_cast"),
    skBuff: vmlinux.find(BtfKind.STRUCT, "sk_buff"),
    bytes: vmlinux.find(BtfKind.STRUCT, "__kernel_sockaddr_storage"),
    skbLayout: findSkbLayout(vmlinux, variables),
    sock: vmlinux.find(BtfKind.STRUCT, "sock"),
    allocSkb: vmlinux.find(BtfKind.FUNC, "__alloc_skb"),
    freeBulk: vmlinux.find(BtfKind.FUNC, "kmem_cache_free_bulk"),
  };
}
