import type { TracedFunction } from "../../lib/event/trace_header.ts";
import type { Lineage } from "./followed.ts";

/** An event as a sink gets it in a batch's row. */
export interface Row {
  readonly skb: bigint;
  /** In ns since the origin. */
  readonly timestamp: number;
  readonly functionIndex: number;
  readonly cpu: number;
  /** 0 where it is left out. */
  readonly task?: number;
  /** An entry where it is left out. */
  readonly isReturn?: boolean;
  /** `DATA_BYTES` bytes, in traces with a module. */
  readonly data?: Uint8Array;
  /** Of entries, in traces that follow packets. */
  readonly lineage?: Lineage;
}

/** A table with the two functions that end a packet, and names that JSON must escape. */
export const FUNCTIONS: readonly TracedFunction[] = [
  { name: "ip_rcv", module: "vmlinux" },
  { name: "kfree_skbmem", module: "vmlinux" },
  { name: "nf_conntrack_in.constprop.0", module: "nf_conntrack" },
  { name: `odd"name\\with\u{1F427}and\u007f`, module: "ödd" },
  { name: "napi_skb_cache_put.isra.0.constprop.1", module: "vmlinux" },
  { name: "kfree_skbmem.part.0", module: "vmlinux" },
];
