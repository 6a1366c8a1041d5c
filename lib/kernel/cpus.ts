import { readKernelText } from "./kernel_file.ts";

/**
 * One more than the highest number of a CPU that is online: what the programs see as the number of
 * theirs is below it. (Deno's own count is of those that this process may use.)
 */
export function cpuNumbers(): number {
  // "0-3", or with some of them offline "0,2-3".
  const online = readKernelText("/sys/devices/system/cpu/online") ?? "";
  const highest = /(\d+)\s*$/.exec(online)?.[1];
  return highest === undefined ? navigator.hardwareConcurrency : Number(highest) + 1;
}
