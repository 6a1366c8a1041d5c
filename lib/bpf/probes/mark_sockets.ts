import { AttachType, createLink } from "../../ffi/bpf.ts";
import { openDirectory } from "../../ffi/file.ts";
import { close } from "../../ffi/libc.ts";
import { type Probe, probeRefusal } from "./probe.ts";

/** SOCKET_MARK_PLACEHOLDER of mark_sockets.h. */
export const SOCKET_MARK = 0x1bf750c7;

/**
 * Gives the new sockets of a cgroup's processes a mark: all that they send carries it.
 * @param cgroupPath folder of the cgroup
 */
export function markSockets(cgroupPath: string, mark: number): Probe {
  const words = {
    purpose: "mark a cgroup's sockets",
    remedy: "use a kernel with CONFIG_CGROUP_BPF, or have a command that marks its packets itself",
  };
  return {
    ...words,
    program: "ipft_mark_sockets",
    numbers: new Map([[SOCKET_MARK, mark]]),
    attach: ({ fd }) => {
      const folder = openDirectory(cgroupPath);
      if (folder < 0) throw probeRefusal(words, folder);
      const link = createLink(fd, folder, AttachType.cgroupInetSockCreate);
      close(folder);
      if (link < 0) throw probeRefusal(words, link);
      return { [Symbol.dispose]: () => close(link) };
    },
  };
}
