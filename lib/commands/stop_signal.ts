import { checkInterrupted } from "../base/errors.ts";

/** Signals that end a trace: from Ctrl-C, `kill` and a terminal that closes. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Returns an `AbortSignal` that the first of these signals aborts. Later ones do nothing until the process
 * exits, so that an impatient Ctrl-C neither loses output nor interrupts detaching.
 */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of SIGNALS) Deno.addSignalListener(signal, () => controller.abort());
  return controller.signal;
}

/**
 * Resolves or rejects as the promise does, or rejects at the signal. What it waited for then goes on until
 * ipft exits, so it must be nothing that has to be undone.
 * @throws IpftError at the signal
 */
export async function unlessStopped<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const ended = new AbortController();
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { signal: ended.signal });
  });
  try {
    return await Promise.race([
      promise,
      stopped.then((): never => {
        checkInterrupted(signal);
        throw new Error("not interrupted");
      }),
    ]);
  } finally {
    ended.abort();
  }
}
