/** Signals to processes that ipft has started (kill(2)). */
import { systemCall } from "./libc.ts";

/** Signal numbers of signal(7). `none` only asks whether there is a process. */
const SIGNALS = { none: 0, SIGKILL: 9, SIGTERM: 15 } as const;

/**
 * Sends a signal to a process, or with a negative number to all of a process group.
 * @returns whether there was one
 */
export function sendSignal(target: number, signal: keyof typeof SIGNALS): boolean {
  const SYS_KILL = 62;
  return systemCall(SYS_KILL, target, SIGNALS[signal]) === 0;
}
