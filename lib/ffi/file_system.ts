import { systemCall } from "./libc.ts";
import { addressOf, cString } from "./memory.ts";

/** System call number of x86-64 (arch/x86/entry/syscalls/syscall_64.tbl). */
const SYS_STATFS = 137;

/** TMPFS_MAGIC and RAMFS_MAGIC of linux/magic.h. */
const IN_MEMORY: readonly number[] = [0x01021994, 0x858458f6];

/** Reports whether a directory is in memory, as /tmp often is (statfs(2)). */
export function isInMemory(path: string): boolean {
  // struct statfs begins with the type, a long, and has 120 bytes on x86-64.
  const statfs = new Uint32Array(30), name = cString(path);
  return systemCall(SYS_STATFS, addressOf(name), addressOf(statfs)) === 0 &&
    IN_MEMORY.includes(statfs[0]);
}
