/**
 * What was found out about the running kernel, for the next ipft: in /run, which ends with the kernel. Only
 * root can write there, and to files below it that are root's alone.
 */
import { readDirSync } from "../ffi/file.ts";
import type { Kernel } from "./inspect.ts";
import { readKernelText } from "./kernel_file.ts";
import type { SkbFunction } from "./skb_function.ts";

const FOLDER = "/run/ipft";
/** Changes with what the file has. */
const FORMAT = 3;

/**
 * Identifies the kernel, from boot to boot, and its modules, from load to load: sysfs never gives a
 * file's inode number twice (`kernfs_ino` of include/linux/kernfs.h). Undefined where they cannot be
 * told.
 */
export function kernelKey(btfFolder = "/sys/kernel/btf"): string | undefined {
  const bootId = readKernelText("/proc/sys/kernel/random/boot_id");
  const types = readDirSync(btfFolder);
  if (bootId === undefined || typeof types === "number") return undefined;
  const modules = types.map(({ name, inode }) => `${name}:${inode}`).sort();
  return [FORMAT, bootId.trim(), ...modules].join(" ");
}

/** The kernel of this key; undefined where nobody has written it, or not only root could have. */
export function readKernelCache(key: string, folder = FOLDER): Kernel | undefined {
  try {
    if (!isOursAlone(Deno.lstatSync(folder))) return undefined;
    const { key: found, kernel } = JSON.parse(Deno.readTextFileSync(`${folder}/kernel.json`));
    if (found !== key) return undefined;
    return { ...kernel, functions: kernel.functions.map(withBigAddress) };
  } catch {
    // Then the kernel is read once more.
    return undefined;
  }
}

/** Best effort: without it the next start takes longer. */
export function writeKernelCache(key: string, kernel: Kernel, folder = FOLDER): void {
  const mine = `${folder}/kernel.${Deno.pid}`;
  try {
    Deno.mkdirSync(folder, { mode: 0o700, recursive: true });
    if (!isOursAlone(Deno.lstatSync(folder))) return;
    try {
      Deno.writeTextFileSync(mine, JSON.stringify({ key, kernel }, bigAsText), { mode: 0o600 });
      Deno.renameSync(mine, `${folder}/kernel.json`);
    } catch {
      Deno.removeSync(mine); // no space
    }
  } catch {
    // No /run, or a read-only one.
  }
}

function isOursAlone({ isDirectory, uid, mode }: Deno.FileInfo): boolean {
  const OTHERS_MAY_WRITE = 0o022;
  return isDirectory && uid === Deno.uid() && (mode! & OTHERS_MAY_WRITE) === 0;
}

/** An address is more than JSON's numbers can hold. */
function bigAsText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? `0x${value.toString(16)}` : value;
}

function withBigAddress(fn: SkbFunction & { address?: string }): SkbFunction {
  return fn.address === undefined ? fn : { ...fn, address: BigInt(fn.address) };
}
