/** What ends a trace from outside: Ctrl-C, `kill`, the terminal's end. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * An `AbortSignal` that the first such signal aborts. From now on until the process ends further ones
 * do nothing, so that an impatient Ctrl-C neither loses output nor interrupts detaching.
 */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of SIGNALS) Deno.addSignalListener(signal, () => controller.abort());
  return controller.signal;
}
