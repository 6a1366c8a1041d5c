/** Opens kprobes with perf_event_open(2). */
import { readFileSync } from "./file.ts";
import { addressOf } from "./memory.ts";
import { systemCall } from "./libc.ts";

/** Holds the type of the kprobe PMU, a number that differs between kernels. */
const KPROBE_PMU_TYPE = "/sys/bus/event_source/devices/kprobe/type";

/** System call number of x86-64 (arch/x86/entry/syscalls/syscall_64.tbl). */
const SYS_PERF_EVENT_OPEN = 298;

/** struct perf_event_attr, PERF_ATTR_SIZE_VER1 (include/uapi/linux/perf_event.h). */
const ATTR_BYTES = 72, ATTR_TYPE = 0, ATTR_SIZE = 4, ATTR_KPROBE_ADDRESS = 64;

/** Returns the type of kprobe events; undefined on a kernel without kprobes. */
export function kprobePmuType(): number | undefined {
  const type = readFileSync(KPROBE_PMU_TYPE);
  return typeof type === "number" ? undefined : Number(new TextDecoder().decode(type));
}

/**
 * Opens a kprobe at the address of a symbol. It is opened for all processes on CPU 0, but fires on every
 * CPU. The file descriptor is close-on-exec.
 * @returns a file descriptor, or the negated errno
 */
export function openKprobe(pmuType: number, address: bigint): number {
  const attr = new DataView(new ArrayBuffer(ATTR_BYTES));
  attr.setUint32(ATTR_TYPE, pmuType, true);
  attr.setUint32(ATTR_SIZE, ATTR_BYTES, true);
  attr.setBigUint64(ATTR_KPROBE_ADDRESS, address, true);
  const allProcesses = -1, cpu = 0, noGroup = -1, PERF_FLAG_FD_CLOEXEC = 8;
  return systemCall(
    SYS_PERF_EVENT_OPEN,
    addressOf(attr),
    allProcesses,
    cpu,
    noGroup,
    PERF_FLAG_FD_CLOEXEC,
  );
}
