import { IpftError, usageError } from "../base/errors.ts";
import { fileStatus } from "../ffi/path.ts";
import { readKernelText } from "./kernel_file.ts";
import { unescapeMountPoint } from "./tracefs.ts";

/** Where the version 2 hierarchy of cgroups is mounted. */
interface CgroupMount {
  readonly directory: string;
  /** The cgroup that is mounted there: not `/` in a container that sees the host's cgroup names. */
  readonly root: string;
}

/**
 * Returns the directory of this process's version 2 cgroup.
 * @param mountinfo the content of /proc/self/mountinfo (proc(5)), with lines such as
 *   `29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw`
 * @param membership the content of /proc/self/cgroup (cgroups(7)), such as
 *   `0::/user.slice/session-1.scope`
 * @throws IpftError when no version 2 hierarchy is mounted
 */
export function findOwnCgroup(mountinfo: string, membership: string): string {
  const mount = findMount(mountinfo);
  const path = membership.match(/^0::(\/.*)$/m)?.[1];
  if (mount === undefined || path === undefined) throw notMounted();
  return directoryOfCgroup(mount, path);
}

/**
 * Returns the id that the kernel has for a cgroup: the inode number of its directory.
 * @param name its path: below the mounted hierarchy, such as `/system.slice/ssh.service`, or in the file
 *   system, such as `/sys/fs/cgroup/system.slice/ssh.service`
 * @param option where it comes from, for errors: `--cgroup`
 * @throws IpftError wrong usage: there is no such cgroup; or no version 2 hierarchy is mounted
 */
export function findCgroup(name: string, option: string): bigint {
  const mount = findMount(readKernelText("/proc/self/mountinfo") ?? "");
  if (mount === undefined) throw notMounted();
  const hierarchy = fileStatus(mount.directory);
  const below = directoryOfCgroup(mount, name.startsWith("/") ? name : `/${name}`);
  for (const path of name === "" ? [] : [name, below]) {
    const status = fileStatus(path);
    if (typeof status === "number" || typeof hierarchy === "number") continue;
    const isCgroup = status.kind === "directory" && status.device === hierarchy.device;
    if (isCgroup) return status.inode;
  }
  throw usageError(
    `${option} '${name}': there is no such cgroup`,
    `give its path below ${mount.directory}, such as /system.slice/ssh.service`,
  );
}

function findMount(mountinfo: string): CgroupMount | undefined {
  const mount = mountinfo.match(/^\S+ \S+ \S+ (\S+) (\S+) .* - cgroup2 /m);
  if (mount === null) return undefined;
  const [root, directory] = mount.slice(1).map(unescapeMountPoint);
  return { root, directory };
}

function directoryOfCgroup({ root, directory }: CgroupMount, path: string): string {
  const isBelow = root !== "/" && (path === root || path.startsWith(`${root}/`));
  const own = isBelow ? path.slice(root.length) : path;
  return directory + (own === "/" ? "" : own);
}

function notMounted(): IpftError {
  return new IpftError(
    "cgroup2 is not mounted",
    "mount it: mount -t cgroup2 cgroup2 /sys/fs/cgroup",
  );
}
