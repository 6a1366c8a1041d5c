/**
 * Keeps what was found out about the running kernel for the next ipft: in /run, which is emptied when the
 * kernel boots. A cache directory that others than root could write to is not used.
 */
import { readDirSync } from "../ffi/file.ts";
import { fileStatus } from "../ffi/path.ts";
import type { Kernel } from "./kernel.ts";
import { readKernelText } from "./kernel_file.ts";
import type { SkbFunction } from "./skb_function.ts";

const DIRECTORY = "/run/ipft";
/** Increased whenever the content of the file changes. */
const FORMAT = 6;

/**
 * Returns a key that changes with each boot of the kernel and each load of a module: sysfs never uses an
 * inode number twice (`kernfs_ino` in include/linux/kernfs.h). Undefined when /proc or /sys cannot be read.
 */
export function kernelKey(btfDirectory = "/sys/kernel/btf"): string | undefined {
  const bootId = readKernelText("/proc/sys/kernel/random/boot_id");
  const types = readDirSync(btfDirectory);
  if (bootId === undefined || typeof types === "number") return undefined;
  const modules = types.map(({ name, inode }) => `${name}:${inode}`).sort();
  return [FORMAT, bootId.trim(), ...modules].join(" ");
}

/** Returns the kernel cached under this key; undefined when there is none that can be trusted. */
export function readKernelCache(key: string, directory = DIRECTORY): Kernel | undefined {
  try {
    if (!isOursAlone(Deno.lstatSync(directory))) return undefined;
    const { key: found, kernel } = JSON.parse(Deno.readTextFileSync(`${directory}/kernel.json`));
    if (found !== key) return undefined;
    return { ...kernel, functions: kernel.functions.map(withBigAddress) };
  } catch {
    return undefined; // the caller inspects the kernel again
  }
}

/** Caches the kernel under this key. Failure is silent: it only makes the next start slower. */
export function writeKernelCache(key: string, kernel: Kernel, directory = DIRECTORY): void {
  const mine = `${directory}/kernel.${Deno.pid}`;
  try {
    Deno.mkdirSync(directory, { mode: 0o700, recursive: true });
    if (!isOursAlone(Deno.lstatSync(directory))) return;
    removeLeftovers(directory);
    try {
      Deno.writeTextFileSync(mine, JSON.stringify({ key, kernel }, bigAsText), { mode: 0o600 });
      Deno.renameSync(mine, `${directory}/kernel.json`);
    } catch {
      Deno.removeSync(mine); // no space left
    }
  } catch {
    // There is no /run, or it is read-only.
  }
}

/** Removes the files of processes that were killed before they could rename them. */
function removeLeftovers(directory: string): void {
  for (const { name } of Deno.readDirSync(directory)) {
    const pid = name.match(/^kernel\.(\d+)$/)?.[1];
    // Deno itself reads nothing in /proc unless ipft may do everything.
    if (pid === undefined || typeof fileStatus(`/proc/${pid}`) !== "number") continue;
    Deno.removeSync(`${directory}/${name}`);
  }
}

function isOursAlone({ isDirectory, uid, mode }: Deno.FileInfo): boolean {
  const OTHERS_MAY_WRITE = 0o022;
  return isDirectory && uid === Deno.uid() && (mode! & OTHERS_MAY_WRITE) === 0;
}

/** JSON numbers cannot hold an address. */
function bigAsText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? `0x${value.toString(16)}` : value;
}

function withBigAddress(fn: SkbFunction & { address?: string }): SkbFunction {
  return fn.address === undefined ? fn : { ...fn, address: BigInt(fn.address) };
}
