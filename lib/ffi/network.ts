/** Network namespaces and the devices in them. */
import { close, ioctl, lastErrno, systemCall } from "./libc.ts";
import { Open, open } from "./descriptor.ts";
import { cString } from "./memory.ts";

const { symbols: libc } = Deno.dlopen("libc.so.6", {
  if_indextoname: { parameters: ["u32", "buffer"], result: "pointer" },
  if_nametoindex: { parameters: ["buffer"], result: "u32" },
});

const CLONE_NEWNET = 0x4000_0000;

/** Reports whether a descriptor is that of a network namespace. */
export function isNetworkNamespace(fd: number): boolean {
  const NS_GET_NSTYPE = 0xb703; // ioctl_ns(2)
  return ioctl(fd, NS_GET_NSTYPE, 0) === CLONE_NEWNET;
}

/**
 * Returns a device's name, also for an alternative one (`ip link property add`). Undefined for no device.
 * @param namespace the descriptor of the network namespace to look in; undefined for this process's own
 */
export function deviceName(name: string, namespace?: number): string | undefined | number {
  if (namespace === undefined) return lookUp(name);
  const own = open("/proc/thread-self/ns/net", Open.read);
  if (own < 0) return own;
  const SYS_SETNS = 308;
  try {
    // Only this thread enters it, and nothing else runs on it until it is back.
    const entered = systemCall(SYS_SETNS, namespace, CLONE_NEWNET);
    if (entered < 0) return entered;
    const found = lookUp(name);
    if (systemCall(SYS_SETNS, own, CLONE_NEWNET) < 0) {
      throw new Error(`cannot go back to the own network namespace: errno ${lastErrno()}`);
    }
    return found;
  } finally {
    close(own);
  }
}

function lookUp(name: string): string | undefined {
  const IFNAMSIZ = 16, buffer = new Uint8Array(IFNAMSIZ);
  const index = libc.if_nametoindex(cString(name));
  if (index === 0 || libc.if_indextoname(index, buffer) === null) return undefined;
  return new TextDecoder().decode(buffer.subarray(0, buffer.indexOf(0)));
}
