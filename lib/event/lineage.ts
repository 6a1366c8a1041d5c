import type { ArraysOf } from "./column.ts";
import type { Section } from "./section.ts";

/**
 * How a followed packet came to be one, by the value of `LINEAGE`'s `origin`: `enum origin` of
 * lib/bpf/tracked.h.
 */
export const ORIGINS = [
  /** The filter let it pass. It has no relative. */
  "matched",
  /** Cloned or copied from its relative. */
  "copy",
  /** Cut from its relative, which was too large for the device (skb_segment). */
  "segment",
  /** An IP fragment of its relative. */
  "fragment",
  /** Split from its relative, which is shorter now (skb_split). */
  "split",
  /** A copy of its relative for a packet socket, such as that of tcpdump. */
  "tap",
  /** The data of its relative was merged into it (GRO, reassembly). It was not followed before. */
  "merge",
  /** Its data was merged into its relative, which is a followed packet too. It had an origin before. */
  "merged",
] as const;

export type Origin = typeof ORIGINS[number];

/** The `origin` of packets that have no relative. */
export const MATCHED = ORIGINS.indexOf("matched");

/** In place of the number of a packet, at a return whose entry is missing: nobody knows whose it is. */
export const NO_PACKET = 0;

/**
 * Who the packet of an event is, in traces that follow packets. Like `DATA`, it is no section that anybody
 * asks for by name, and outputs show it in their own way. Returns have zeros until `FollowJourneys`
 * (lib/analysis/follow_journeys.ts) gives them what their entries have.
 */
export const LINEAGE = {
  name: "lineage",
  description: "Which packet it is, and what it came from",
  columns: {
    packet: { type: "u32", description: "Number of the packet: unique in the trace, not 0" },
    relative: { type: "u32", description: "Number of the packet that `origin` is about, or 0" },
    journey: {
      type: "u32",
      description: "Number of the packet that the journey began with: the one that matched",
    },
    origin: { type: "u8", description: "How it came to be followed: an index into ORIGINS" },
  },
  placeholder: 0x1bf7f011,
} as const satisfies Section;

/** The arrays of a batch. */
export type LineageArrays = ArraysOf<typeof LINEAGE.columns>;
