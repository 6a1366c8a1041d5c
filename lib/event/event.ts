import type { ArraysOf } from "./column.ts";

/**
 * The columns that every record has: `struct event` of lib/bpf/event.h, member by member.
 * `tests/unit/event/layout_test.ts` holds them against the BTF of the built object.
 */
export const EVENT = {
  skb: {
    type: "u64",
    notation: "hexadecimal",
    description: "Address of the struct sk_buff that the call was entered with",
  },
  timestamp: {
    type: "time",
    unit: "ns",
    description: "When the function was entered or returned: CLOCK_MONOTONIC",
  },
  /**
   * Calls nest within a task, and with the interrupts on top of it. A thread's id, or for the idle thread
   * of a CPU 0xffffffff minus the number of the CPU.
   */
  task: { type: "u32", description: "In whose context the call runs" },
  functionIndex: { type: "u16", description: "Index into the trace's table of functions" },
  cpu: { type: "u16", bits: 15, description: "Number of the CPU" },
  isReturn: { type: "u8", bits: 1, description: "1 when the call returns, 0 when it is entered" },
} as const;

/**
 * The columns that the stage which identifies packets, and nobody else, fills: `FollowJourneys`
 * (lib/analysis/follow_journeys.ts) in traces that follow packets, else `IdentifyPackets`
 * (lib/analysis/identify_packets.ts).
 */
export const DERIVED = {
  packet: {
    type: "u32",
    description:
      "Number of the packet, or in traces that follow packets of the journey, from 1 in " +
      "the order of first events",
  },
  isFirst: { type: "u8", description: "1 with the first event of a packet" },
  isLast: { type: "u8", description: "1 when the packet is known to end with this entry" },
  /** Numbered from 1, in the order of entries. */
  call: {
    type: "u32",
    description: "Number of the call, or 0 for a return without its entry and what has no return",
  },
  /** Of a return whose call is known; of other events, whatever the row had before. */
  entered: { type: "time", unit: "ns", description: "When the call was entered" },
} as const;

/** The arrays of a batch. */
export type EventArrays = ArraysOf<typeof EVENT & typeof DERIVED>;
