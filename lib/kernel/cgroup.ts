import { IpftError } from "../base/errors.ts";
import { unescapeMountPoint } from "./tracefs.ts";

/**
 * Returns the directory of this process's version 2 cgroup.
 * @param mountinfo the content of /proc/self/mountinfo (proc(5)), with lines such as
 *   `29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw`
 * @param membership the content of /proc/self/cgroup (cgroups(7)), such as
 *   `0::/user.slice/session-1.scope`
 * @throws IpftError when no version 2 hierarchy is mounted
 */
export function findOwnCgroup(mountinfo: string, membership: string): string {
  const mount = mountinfo.match(/^\S+ \S+ \S+ (\S+) (\S+) .* - cgroup2 /m);
  const path = membership.match(/^0::(\/.*)$/m)?.[1];
  if (mount === null || path === undefined) {
    throw new IpftError(
      "cgroup2 is not mounted",
      "mount it: mount -t cgroup2 cgroup2 /sys/fs/cgroup",
    );
  }
  const [root, directory] = mount.slice(1).map(unescapeMountPoint);
  // A container that sees the host's cgroup names has only a part of the hierarchy mounted.
  const isBelow = root !== "/" && (path === root || path.startsWith(`${root}/`));
  const own = isBelow ? path.slice(root.length) : path;
  return directory + (own === "/" ? "" : own);
}
