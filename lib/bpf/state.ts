/**
 * Byte offsets in `struct state` of event.h, at the start of `.bss`, and in its `struct cpu_counters`, as far
 * as user space needs them.
 * tests/unit/event/layout_test.ts holds them against the BTF of the built object.
 */
export const STATE = {
  active: 0,
  asleep: 4,
  isClosed: 20,
  counters: 64,
  counterBytes: 64,
  hits: 0,
  lost: 8,
  dropped: 16,
  undecided: 24,
  followed: 32,
  unfollowedCalls: 40,
  unfollowedPackets: 48,
  sizeBytes: 64 + 256 * 64,
} as const;
