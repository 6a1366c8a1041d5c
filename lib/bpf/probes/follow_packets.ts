import { errnoText, IpftError } from "../../base/errors.ts";
import type { Kernel } from "../../kernel/kernel.ts";
import type { Probe } from "./probe.ts";
import { tracingProbe } from "./tracing_probe.ts";

/** The functions without which nothing is sure: where packets end, and where they are copied. */
const REQUIRED = {
  skb_release_head_state: "ipft_release_in_skb_release_head_state",
  kfree_skbmem: "ipft_in_kfree_skbmem",
  __copy_skb_header: "ipft_copy",
} as const;

/** Those that not every kernel has, or has under another name. */
const OPTIONAL = {
  kfree_skb_partial: ["ipft_after_kfree_skb_partial"],
  napi_consume_skb: ["ipft_after_napi_consume_skb"],
  __kfree_skb_defer: ["ipft_after___kfree_skb_defer"],
  __napi_kfree_skb: ["ipft_after___napi_kfree_skb"],
  __build_skb_around: ["ipft_in___build_skb_around"],
  napi_reuse_skb: ["ipft_in_napi_reuse_skb"],
  napi_skb_free_stolen_head: [
    "ipft_release_in_napi_skb_free_stolen_head",
    "ipft_after_napi_skb_free_stolen_head",
  ],
  napi_skb_cache_put: ["ipft_in_napi_skb_cache_put", "ipft_after_napi_skb_cache_put"],
  skb_morph: ["ipft_morph"],
  skb_segment: ["ipft_segment", "ipft_after_segment"],
  ip_copy_metadata: ["ipft_in_ip_copy_metadata"],
  ip6_copy_metadata: ["ipft_in_ip6_copy_metadata"],
  ip_fraglist_prepare: ["ipft_in_ip_fraglist_prepare"],
  ip6_fraglist_prepare: ["ipft_in_ip6_fraglist_prepare"],
  skb_split: ["ipft_in_skb_split"],
  skb_gro_receive: ["ipft_after_skb_gro_receive"],
  skb_gro_receive_list: ["ipft_after_skb_gro_receive_list"],
  skb_try_coalesce: ["ipft_after_skb_try_coalesce"],
  inet_frag_reasm_finish: ["ipft_after_reassembly"],
  packet_rcv: ["ipft_in_packet_rcv"],
  tpacket_rcv: ["ipft_in_tpacket_rcv"],
} as const;

const REMEDY = "use --no-follow to tell packets apart by their address alone";

/**
 * Follows packets: the programs of packet_ends.h and packet_origins.h, each for one function of the kernel.
 * @throws IpftError when the kernel does not show where packets end and where they are copied
 */
export function followPackets(
  { capabilities, functions, btfIds }: Pick<Kernel, "capabilities" | "functions" | "btfIds">,
): Probe[] {
  if (!capabilities.fentry) {
    throw new IpftError("this kernel cannot follow packets: it has no fentry programs", REMEDY);
  }
  const names = new Set(functions.map(({ name }) => name));
  const missing = Object.keys(REQUIRED).find((name) => !names.has(name));
  if (missing !== undefined) {
    throw new IpftError(
      `this kernel cannot follow packets: its function ${missing} cannot be traced`,
      REMEDY,
    );
  }
  const programs: string[] = [...Object.values(REQUIRED), "ipft_after_kfree_skbmem"];
  for (const [name, its] of Object.entries(OPTIONAL)) {
    if (names.has(name)) programs.push(...its);
  }
  if (btfIds.allocSkb !== undefined) programs.push("ipft_after_alloc");
  if (btfIds.freeBulk !== undefined) programs.push("ipft_in_free_bulk");
  return programs.map((program) => tracingProbe(program, refusal));
}

function refusal(result: number, log: readonly string[] = []): IpftError {
  return new IpftError(
    `the kernel refused to follow packets: ${errnoText(result)}`,
    REMEDY,
    1,
    log,
  );
}
