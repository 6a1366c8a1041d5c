import { errnoText, IpftError } from "../../base/errors.ts";
import { AttachType, createLink } from "../../ffi/bpf.ts";
import { openDirectory } from "../../ffi/file.ts";
import { close } from "../../ffi/libc.ts";
import type { Probe } from "./probe.ts";

/** SOCKET_MARK_PLACEHOLDER of mark_sockets.h. */
export const SOCKET_MARK = 0x1bf750c7;

/**
 * Gives the new sockets of a cgroup's processes a mark, which all packets that they send carry.
 * @param cgroupPath the directory of the cgroup
 */
export function markSockets(cgroupPath: string, mark: number): Probe {
  return {
    program: "ipft_mark_sockets",
    numbers: new Map([[SOCKET_MARK, mark]]),
    refusal,
    attach: ({ fd }) => {
      const folder = openDirectory(cgroupPath);
      if (folder < 0) throw refusal(folder);
      const link = createLink(fd, folder, AttachType.cgroupInetSockCreate);
      close(folder);
      if (link < 0) throw refusal(link);
      return { [Symbol.dispose]: () => close(link) };
    },
  };
}

function refusal(result: number, log: readonly string[] = []): IpftError {
  return new IpftError(
    `the kernel refused to mark a cgroup's sockets: ${errnoText(result)}`,
    "use a kernel with CONFIG_CGROUP_BPF, or have a command that marks its packets itself",
    1,
    log,
  );
}
