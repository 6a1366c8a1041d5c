import { errnoText, IpftError } from "../../base/errors.ts";
import { updateElement } from "../../ffi/bpf.ts";
import { close } from "../../ffi/libc.ts";
import { attachToEvent, kprobePmuType, openKprobe } from "../../ffi/perf.ts";
import { fileStatus } from "../../ffi/path.ts";
import { nameAndMask } from "../../filter/conditions.ts";
import { commBytes, findSockets, type WantedProcess } from "../../kernel/process_sockets.ts";
import { byPlaceholder } from "../placeholders.ts";
import type { Probe } from "./probe.ts";

/** The placeholders of follow_sockets.h. */
export const WANTED_PROCESS = {
  processId: 0x1bf7b1d0,
  pidNamespace: 0x1bf7b1d1,
  commWord0: 0x1bf7c030,
  commWord1: 0x1bf7c031,
  commWord2: 0x1bf7c032,
  commWord3: 0x1bf7c033,
  commMask0: 0x1bf7c040,
  commMask1: 0x1bf7c041,
  commMask2: 0x1bf7c042,
  commMask3: 0x1bf7c043,
} as const;

/** The most sockets that are remembered. Of more, those that no packet has come for are forgotten. */
export const MOST_SOCKETS = 65_536;

/** Gives a file its descriptor. */
const FUNCTION = "fd_install";

/**
 * Fills `ipft_sockets` with the sockets that a process has, and of those that it gets later.
 * @param tell told if there is no such process yet: it is waited for
 */
export function followSockets(process: WantedProcess, tell: (message: string) => void): Probe {
  return {
    program: "ipft_follow_sockets",
    numbers: byPlaceholder(WANTED_PROCESS, processNumbers(process)),
    refusal,
    attach: ({ fd }, map) => {
      const event = attachKprobe(fd);
      if (event < 0) throw refusal(event);
      using attached = new DisposableStack();
      attached.defer(() => close(event));
      // Only now, so that none gets its descriptor between the two.
      const { processes, inodes } = findSockets(process);
      const sockets = map("ipft_sockets").fd;
      for (const inode of inodes) updateElement(sockets, inode, 0n);
      if (processes === 0) tell(waiting(process));
      return attached.move();
    },
  };
}

/** Returns what the program compares: 0 for a condition that there is not. */
export function processNumbers({ pid = 0, comm = "" }: WantedProcess) {
  const [word, mask] = nameAndMask(commBytes(comm));
  const namespace = pid === 0 ? 0 : fileStatus("/proc/self/ns/pid");
  return {
    processId: pid,
    pidNamespace: typeof namespace === "number" ? 0 : Number(namespace.inode),
    commWord0: word[0],
    commWord1: word[1],
    commWord2: word[2],
    commWord3: word[3],
    commMask0: mask[0],
    commMask1: mask[1],
    commMask2: mask[2],
    commMask3: mask[3],
  };
}

/** Returns the file descriptor of the kprobe that runs a program, or a negated errno. */
function attachKprobe(programFd: number): number {
  const EOPNOTSUPP = 95;
  const pmuType = kprobePmuType();
  const event = pmuType === undefined ? -EOPNOTSUPP : openKprobe(pmuType, FUNCTION);
  if (event < 0) return event;
  const result = attachToEvent(event, programFd);
  if (result === 0) return event;
  close(event);
  return result;
}

function waiting({ pid, comm }: WantedProcess): string {
  if (comm === undefined) return `process ${pid} has ended`;
  return pid === undefined
    ? `no process ${comm} yet: waiting for it`
    : `process ${pid} is not named ${comm} yet: waiting for that`;
}

function refusal(result: number, log: readonly string[] = []): IpftError {
  return new IpftError(
    `the kernel refused to follow the sockets of a process: ${errnoText(result)}`,
    "use a kernel with CONFIG_KPROBE_EVENTS, or --cgroup",
    1,
    log,
  );
}
