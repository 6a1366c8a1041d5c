import { IpftError } from "../../base/errors.ts";
import { AttachType, createLink, kprobeMissed, programRecursionMisses } from "../../ffi/bpf.ts";
import { close } from "../../ffi/libc.ts";
import { attachToEvent, kprobePmuType, openKprobe } from "../../ffi/perf.ts";
import { type Attachment, sumIfAllKnown } from "./attachment.ts";
import type { AttachTarget, Backend } from "./backend.ts";
import { attachOneByOne } from "./one_by_one.ts";

/**
 * Attaches with one kprobe perf event per function. That works everywhere, but each takes the kernel some
 * milliseconds, and as many again to detach.
 */
export const kprobe = {
  name: "kprobe",
  isOneByOne: true,
  reaches: ({ address }) => address !== undefined,
  methods: [
    {
      name: "kprobe",
      tracer: "function",
      needs: ["ringBuffer", "kprobe"],
      entry: "ipft_kprobe_",
      attach,
    },
  ],
} as const satisfies Backend;

/** @throws IpftError when the kernel has no kprobes; what `observer` rejects with */
async function attach(
  { programs, functions, indexes, capabilities, observer }: AttachTarget,
): Promise<Attachment> {
  const pmuType = kprobePmuType();
  if (pmuType === undefined) {
    throw new IpftError(
      "this kernel has no kprobes",
      "use a kernel with CONFIG_KPROBE_EVENTS, or --backend ftrace (see: ipft doctor)",
    );
  }
  const programFds = new Set<number>();
  const { links, refused } = await attachOneByOne(
    indexes,
    (index, links) => {
      const { skbPosition, address = 0n } = functions[index];
      const programFd = programs.entry(skbPosition).fd;
      programFds.add(programFd);
      const fd = attachOne(pmuType, programFd, address, capabilities.perfEventLink);
      if (fd >= 0) links.add(fd);
      return Math.min(fd, 0);
    },
    observer,
  );
  return {
    refused,
    missed: () =>
      sumIfAllKnown([
        ...Array.from(programFds, programRecursionMisses),
        ...Array.from(links, kprobeMissed),
      ]),
    [Symbol.dispose]: () => links[Symbol.dispose](),
  };
}

/**
 * Attaches a program to one address.
 * @param hasLinks whether the kernel has perf-event links (Linux 5.15+)
 * @returns the file descriptor that holds the attached probe, or the negated errno
 */
function attachOne(
  pmuType: number,
  programFd: number,
  address: bigint,
  hasLinks: boolean,
): number {
  const event = openKprobe(pmuType, address);
  if (event < 0) return event;
  if (hasLinks) {
    const link = createLink(programFd, event, AttachType.perfEvent);
    // The kernel enables the event with the first program, and the link keeps it.
    close(event);
    return link;
  }
  const result = attachToEvent(event, programFd);
  if (result === 0) return event;
  close(event);
  return result;
}
