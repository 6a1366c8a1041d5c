/** Opens kprobes with perf_event_open(2). */
import { readFileSync } from "./file.ts";
import { addressOf, cString } from "./memory.ts";
import { ioctl, systemCall } from "./libc.ts";

/** Holds the type of the kprobe PMU, a number that differs between kernels. */
const KPROBE_PMU_TYPE = "/sys/bus/event_source/devices/kprobe/type";

/** System call number of x86-64 (arch/x86/entry/syscalls/syscall_64.tbl). */
const SYS_PERF_EVENT_OPEN = 298;

/** struct perf_event_attr, PERF_ATTR_SIZE_VER1 (include/uapi/linux/perf_event.h). */
const ATTR_BYTES = 72, ATTR_TYPE = 0, ATTR_SIZE = 4;
const ATTR_KPROBE_FUNCTION = 56, ATTR_KPROBE_ADDRESS = 64;

/** _IO('$', 0) and _IOW('$', 8, __u32). */
const PERF_EVENT_IOC_ENABLE = 0x2400, PERF_EVENT_IOC_SET_BPF = 0x40042408;

/** Returns the type of kprobe events; undefined on a kernel without kprobes. */
export function kprobePmuType(): number | undefined {
  const type = readFileSync(KPROBE_PMU_TYPE);
  return typeof type === "number" ? undefined : Number(new TextDecoder().decode(type));
}

/**
 * Opens a kprobe at a function. It is opened for all processes on CPU 0, but fires on every CPU. The file
 * descriptor is close-on-exec.
 * @param target the address of its symbol, or its name if no other function has the same
 * @returns a file descriptor, or the negated errno
 */
export function openKprobe(pmuType: number, target: bigint | string): number {
  const attr = new DataView(new ArrayBuffer(ATTR_BYTES));
  attr.setUint32(ATTR_TYPE, pmuType, true);
  attr.setUint32(ATTR_SIZE, ATTR_BYTES, true);
  const name = typeof target === "string" ? cString(target) : undefined;
  if (name !== undefined) attr.setBigUint64(ATTR_KPROBE_FUNCTION, addressOf(name), true);
  if (typeof target === "bigint") attr.setBigUint64(ATTR_KPROBE_ADDRESS, target, true);
  const allProcesses = -1, cpu = 0, noGroup = -1, PERF_FLAG_FD_CLOEXEC = 8;
  const event = systemCall(
    SYS_PERF_EVENT_OPEN,
    addressOf(attr),
    allProcesses,
    cpu,
    noGroup,
    PERF_FLAG_FD_CLOEXEC,
  );
  name?.at(0); // the garbage collector does not know that the kernel has read it
  return event;
}

/** Attaches a program to a perf event, which keeps it, and enables the event. Returns 0 or a negated errno. */
export function attachToEvent(event: number, programFd: number): number {
  return Math.min(
    ioctl(event, PERF_EVENT_IOC_SET_BPF, programFd),
    ioctl(event, PERF_EVENT_IOC_ENABLE, 0),
  );
}
