import { readKernelText } from "./kernel_file.ts";

/**
 * Returns the highest number of an online CPU, plus one: an upper bound for the CPU numbers that BPF
 * programs see. `navigator.hardwareConcurrency` counts only the CPUs that this process may use.
 */
export function cpuNumbers(): number {
  // "0-3", or "0,2-3" with CPU 1 offline.
  const online = readKernelText("/sys/devices/system/cpu/online") ?? "";
  const highest = parseInt(
    online.slice(Math.max(online.lastIndexOf("-"), online.lastIndexOf(",")) + 1),
  );
  return Number.isNaN(highest) ? navigator.hardwareConcurrency : highest + 1;
}
