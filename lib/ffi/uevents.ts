import { close, systemCall } from "./libc.ts";
import { addressOf } from "./memory.ts";

/** System call numbers of x86-64 (arch/x86/entry/syscalls/syscall_64.tbl). */
const SYS_READ = 0, SYS_SOCKET = 41, SYS_BIND = 49;

/** The longest message of the kernel (UEVENT_BUFFER_SIZE and the line before the variables). */
const LARGEST_BYTES = 4096;

/**
 * Messages of the kernel about what it has added and removed, such as devices and modules: a netlink
 * socket (netlink(7), NETLINK_KOBJECT_UEVENT). Without the right to open one there are no messages.
 */
export class Uevents implements Disposable {
  /** Readable when there is a message; negative without a socket. */
  readonly fd: number;
  readonly #buffer = new Uint8Array(LARGEST_BYTES);

  constructor() {
    const AF_NETLINK = 16, SOCK_DGRAM = 2, SOCK_NONBLOCK = 0o4000, SOCK_CLOEXEC = 0o2000000;
    const NETLINK_KOBJECT_UEVENT = 15, KERNEL_GROUP = 1;
    const type = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    this.fd = systemCall(SYS_SOCKET, AF_NETLINK, type, NETLINK_KOBJECT_UEVENT);
    if (this.fd < 0) return;
    // struct sockaddr_nl { sa_family_t; unsigned short; __u32 pid; __u32 groups; }
    const address = new Uint32Array([AF_NETLINK, 0, KERNEL_GROUP]);
    systemCall(SYS_BIND, this.fd, addressOf(address), address.byteLength);
  }

  /**
   * Returns the next message, or undefined if there is none: `add@/module/br_netfilter`, then variables
   * such as `SUBSYSTEM=module`, each after a NUL.
   */
  read(): string | undefined {
    if (this.fd < 0) return undefined;
    const size = systemCall(SYS_READ, this.fd, addressOf(this.#buffer), this.#buffer.length);
    return size > 0 ? new TextDecoder().decode(this.#buffer.subarray(0, size)) : undefined;
  }

  [Symbol.dispose](): void {
    if (this.fd >= 0) close(this.fd);
  }
}
