import { openTracingLink, programRecursionMisses } from "../../ffi/bpf.ts";
import { close } from "../../ffi/libc.ts";
import type { Probe } from "./probe.ts";

/**
 * Makes the probe of an fentry or fexit program that names its function in its ELF section.
 * @param refusal makes the error for when the kernel refuses to load or attach it
 */
export function tracingProbe(program: string, refusal: Probe["refusal"]): Probe {
  return {
    program,
    numbers: new Map(),
    refusal,
    attach: ({ fd }) => {
      const link = openTracingLink(fd);
      if (link < 0) throw refusal(link, []);
      return {
        // A kernel without the counter (before 5.12) skips no run.
        missed: () => programRecursionMisses(fd) ?? 0,
        [Symbol.dispose]: () => close(link),
      };
    },
  };
}
