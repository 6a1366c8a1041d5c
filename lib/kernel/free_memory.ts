import { readFileSync } from "../ffi/file.ts";

/**
 * Returns how much memory is free for this process, in bytes: what the machine has, or what the cgroups
 * leave that the process is in.
 */
export function freeMemoryBytes(): number {
  const available = /^MemAvailable:\s*(\d+) kB$/m.exec(read("/proc/meminfo") ?? "");
  const machineBytes = available === null ? Infinity : Number(available[1]) * 1024;
  return Math.max(0, Math.min(machineBytes, ...cgroupsFreeBytes()));
}

/** What each cgroup with a limit leaves (cgroup v2: memory.max, memory.current). */
function* cgroupsFreeBytes(): Generator<number> {
  let path = /^0::(.*)$/m.exec(read("/proc/self/cgroup") ?? "")?.[1];
  while (path !== undefined) {
    const directory = `/sys/fs/cgroup${path === "/" ? "" : path}`;
    const most = Number(read(`${directory}/memory.max`)); // NaN for "max", and where there is none
    const current = Number(read(`${directory}/memory.current`));
    if (most > 0) yield most - current;
    path = path === "/" || path === "" ? undefined : path.slice(0, path.lastIndexOf("/")) || "/";
  }
}

function read(path: string): string | undefined {
  const content = readFileSync(path);
  return typeof content === "number" ? undefined : new TextDecoder().decode(content);
}
