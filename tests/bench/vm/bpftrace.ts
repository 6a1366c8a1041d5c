/** What bpftrace is asked for, and what it writes. */
import type { SkbFunction } from "../../../lib/kernel/skb_function.ts";

const FOLDER = "/mnt/extras/bpftrace";

/** How it is started (setup.sh has made the folder), to write a line per event to a file. */
export function bpftraceCommand(
  functions: readonly SkbFunction[],
  mark: number,
  output: string,
): string[] {
  const loader = [`${FOLDER}/ld-linux-x86-64.so.2`, "--library-path", FOLDER];
  return [...loader, `${FOLDER}/bpftrace`, "-o", output, "-e", bpftraceProgram(functions, mark)];
}

/**
 * Prints time, CPU, skb and function of each event. Functions that have the skb in the same register share
 * a text; bpftrace makes a program of it for each of them.
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
 * The events in its output; what else it says does not begin with a time. How many it lost is not read from
 * its messages: of floods that lost half of their events, one in three was without any.
 */
export function bpftraceEvents(path: string): number {
  return Deno.readTextFileSync(path).match(/^\d+ /gm)?.length ?? 0;
}
