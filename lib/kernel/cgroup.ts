import { IpftError } from "../base/errors.ts";
import { unescapeMountPoint } from "./tracefs.ts";

/**
 * The directory of this process's cgroup of version 2.
 * @param mountinfo content of /proc/self/mountinfo (proc(5)):
 *   `29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw`
 * @param membership content of /proc/self/cgroup (cgroups(7)): `0::/user.slice/session-1.scope`
 * @throws IpftError where no such hierarchy is mounted
 */
export function findOwnCgroup(mountinfo: string, membership: string): string {
  const mount = mountinfo.match(/^\S+ \S+ \S+ (\S+) (\S+) .* - cgroup2 /m);
  const path = membership.match(/^0::(\/.*)$/m)?.[1];
  if (mount === null || path === undefined) {
    throw new IpftError(
      "no cgroups of version 2 are mounted",
      "mount them: mount -t cgroup2 cgroup2 /sys/fs/cgroup",
    );
  }
  const [root, directory] = mount.slice(1).map(unescapeMountPoint);
  // Of a container that sees the host's names, a part only is mounted.
  const isBelow = root !== "/" && (path === root || path.startsWith(`${root}/`));
  const own = isBelow ? path.slice(root.length) : path;
  return directory + (own === "/" ? "" : own);
}
