import { isSignalled } from "../ffi/signal_flag.ts";

/** Signals that end a trace: from Ctrl-C, `kill` and a terminal that closes. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Returns an `AbortSignal` that the first of these signals aborts. Later ones do nothing until the process
 * exits, so that an impatient Ctrl-C neither loses output nor interrupts detaching.
 */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of SIGNALS) Deno.addSignalListener(signal, () => controller.abort());
  isSignalled(); // scripts ask for it while no listener is called
  return controller.signal;
}
