import { errnoText, IpftError, usageError } from "../base/errors.ts";
import { Open, open } from "../ffi/descriptor.ts";
import { readDirSync } from "../ffi/file.ts";
import { close } from "../ffi/libc.ts";
import { isNetworkNamespace } from "../ffi/network.ts";
import { fileStatus } from "../ffi/path.ts";
import { readKernelText } from "./kernel_file.ts";
import { unescapeMountPoint } from "./tracefs.ts";

/** The inode numbers of namespaces: from PROC_DYNAMIC_FIRST on, and fixed ones below it. */
const FIRST_INODE = 0xe000_0000, LAST_INODE = 0xffff_ffff;

/** A network namespace, held open: meanwhile the kernel gives its inode number to no other one. */
export class NetworkNamespace implements Disposable {
  readonly fd: number;
  /** What `readlink /proc/self/ns/net` shows, and the kernel has in `net->ns.inum`. */
  readonly inode: number;

  /**
   * @param name a name below /run/netns, a path, an inode number, `pid:N`, or `self`
   * @param option where it comes from, for errors: `--netns`
   * @throws IpftError wrong usage: there is no such namespace; or this process may not open it
   */
  constructor(name: string, option: string) {
    // Whatever is there, to open it does not wait.
    this.fd = open(pathOf(name, option), Open.read | Open.nonBlocking);
    if (this.fd < 0) throw refusal(name, option, this.fd);
    const status = isNetworkNamespace(this.fd) ? fileStatus(this.fd) : -1;
    if (typeof status === "number") {
      close(this.fd);
      throw usageError(`${option} '${name}' is not a network namespace`, REMEDY);
    }
    this.inode = Number(status.inode);
  }

  [Symbol.dispose](): void {
    close(this.fd);
  }
}

const REMEDY = "give a name that ip netns list shows, a path, pid:N, an inode number or self";

function refusal(name: string, option: string, result: number): IpftError {
  const ENOENT = 2, ESRCH = 3, ENOTDIR = 20;
  if (![ENOENT, ESRCH, ENOTDIR].includes(-result)) {
    return new IpftError(`${option} '${name}' cannot be opened: ${errnoText(result)}`);
  }
  const pid = pidOf(name);
  if (pid !== undefined) {
    return usageError(`${option} '${name}': there is no process ${pid}`, REMEDY);
  }
  return usageError(`${option} '${name}': there is no such network namespace`, REMEDY);
}

function pathOf(name: string, option: string): string {
  if (name === "self") return "/proc/self/ns/net";
  const pid = pidOf(name);
  if (pid !== undefined) return `/proc/${pid}/ns/net`;
  if (name.includes("/")) return name;
  const inode = /^\d+$/.test(name) ? Number(name) : 0;
  if (inode < FIRST_INODE || inode > LAST_INODE) return `/run/netns/${name}`;
  const path = findNamespace(inode);
  if (path !== undefined) return path;
  throw usageError(`${option} ${name}: no process is in it, and it is mounted nowhere`, REMEDY);
}

function pidOf(name: string): string | undefined {
  return /^pid:(\d+)$/.exec(name)?.[1];
}

/** Finds a file of the namespace: where it is mounted, or that of a process in it. */
function findNamespace(inode: number): string | undefined {
  // 1076 26 0:4 net:[4026532281] /run/netns/blue rw shared:5 - nsfs nsfs rw
  const mount = (readKernelText("/proc/self/mountinfo") ?? "")
    .match(new RegExp(`^\\S+ \\S+ \\S+ net:\\[${inode}\\] (\\S+) `, "m"));
  if (mount !== null) return unescapeMountPoint(mount[1]);
  const entries = readDirSync("/proc");
  if (typeof entries === "number") return undefined;
  return entries.filter(({ name }) => /^\d+$/.test(name))
    .map(({ name }) => `/proc/${name}/ns/net`)
    .find((path) => {
      const status = fileStatus(path);
      return typeof status !== "number" && status.inode === BigInt(inode);
    });
}
