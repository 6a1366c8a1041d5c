/** Runs bpftrace and reads its output. */
import type { SkbFunction } from "../../../lib/kernel/skb_function.ts";

const FOLDER = "/mnt/extras/bpftrace";

/** Returns a command that writes a line for each event to a file. setup.sh has installed bpftrace. */
export function bpftraceCommand(
  functions: readonly SkbFunction[],
  mark: number,
  output: string,
): string[] {
  const loader = [`${FOLDER}/ld-linux-x86-64.so.2`, "--library-path", FOLDER];
  return [...loader, `${FOLDER}/bpftrace`, "-o", output, "-e", bpftraceProgram(functions, mark)];
}

/**
 * Returns a script that prints time, CPU, skb and function of each event. Functions that have the skb in
 * the same register share an action; bpftrace compiles it to one program for each function.
 */
export function bpftraceProgram(functions: readonly SkbFunction[], mark: number): string {
  const byPosition = Map.groupBy(functions, ({ skbPosition }) => skbPosition);
  return [...byPosition].map(([position, group]) => {
    const skb = `arg${position}`;
    const probes = group.map(({ name }) => `kprobe:${name}`).join(",");
    return `${probes} /((struct sk_buff *)${skb})->mark == ${mark}/ ` +
      `{ printf("%llu %d %p %s\\n", nsecs, cpu, ${skb}, func); }`;
  }).join("\n");
}

/**
 * Counts the events in its output: only their lines begin with a time. Its messages are no measure of lost
 * events: of the floods that lost half of their events, one in three had no message at all.
 */
export function bpftraceEvents(path: string): number {
  return Deno.readTextFileSync(path).match(/^\d+ /gm)?.length ?? 0;
}
