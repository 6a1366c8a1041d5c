import type { NetworkProgramKind } from "../../kernel/network_programs.ts";

/**
 * What programs can return, from the lowest number on: `TC_ACT_*` of include/uapi/linux/pkt_cls.h and `enum
 * xdp_action`. verdicts.h has the lowest numbers, and how many these are.
 */
export const VERDICTS = {
  tc: [
    "TC_ACT_UNSPEC", // -1
    "TC_ACT_OK",
    "TC_ACT_RECLASSIFY",
    "TC_ACT_SHOT",
    "TC_ACT_PIPE",
    "TC_ACT_STOLEN",
    "TC_ACT_QUEUED",
    "TC_ACT_REPEAT",
    "TC_ACT_REDIRECT",
    "TC_ACT_TRAP",
  ],
  XDP: [
    "XDP_ABORTED", // 0
    "XDP_DROP",
    "XDP_PASS",
    "XDP_TX",
    "XDP_REDIRECT",
  ],
} as const satisfies Record<NetworkProgramKind, readonly string[]>;

/** Returns the names that a program's verdicts have in a trace, in the order of verdicts.h. */
export function verdictNames(program: string, kind: NetworkProgramKind): string[] {
  return [...VERDICTS[kind], "unknown verdict"].map((verdict) => `${program}: ${verdict}`);
}
