import type { BtfIds } from "./btf_ids.ts";
import type { Capabilities } from "./capabilities.ts";
import type { SkbFunction } from "./skb_function.ts";

/** The running kernel: what it can do, and its functions that take a `struct sk_buff *`. */
export interface Kernel {
  readonly capabilities: Capabilities;
  readonly btfIds: BtfIds;
  readonly functions: readonly SkbFunction[];
  /** Variants of such functions that are not traced, because their arguments may be elsewhere. */
  readonly leftOut: readonly SkbFunction[];
  /** See `FoundFunctions` of find_functions.ts. */
  readonly describesVariants: boolean;
  /** One line for each module whose functions are left out, with the reason. */
  readonly warnings: readonly string[];
}
