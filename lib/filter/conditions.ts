import type { PacketFilter } from "./packet_filter.ts";

/** `IFNAMSIZ`: the bytes of a device's name, the NUL at its end among them. */
export const IFNAME_BYTES = 16;

/**
 * Returns the numbers that conditions.h compares with. Without a condition, its number is 0, which no
 * namespace and no cgroup has, and no name begins with.
 */
export function conditionNumbers({ netns = 0, ifname = "", cgroup = 0n, process }: PacketFilter) {
  const [name, mask] = nameAndMask(new TextEncoder().encode(ifname));
  return {
    netns,
    ifnameWord0: name[0],
    ifnameWord1: name[1],
    ifnameWord2: name[2],
    ifnameWord3: name[3],
    ifnameMask0: mask[0],
    ifnameMask1: mask[1],
    ifnameMask2: mask[2],
    ifnameMask3: mask[3],
    cgroupLow: Number(BigInt.asUintN(32, cgroup)),
    cgroupHigh: Number(cgroup >> 32n),
    ofProcess: process ? 1 : 0,
  };
}

/**
 * Returns the words of a name, and a mask for its bytes and the NUL: behind that the kernel may have others.
 * An empty name has an empty mask, and so any name is equal to it.
 * @param bytes of the name of a device or a process: at most 15
 */
export function nameAndMask(bytes: Uint8Array): [name: Uint32Array, mask: Uint32Array] {
  const name = new Uint8Array(IFNAME_BYTES), mask = new Uint8Array(IFNAME_BYTES);
  name.set(bytes);
  if (bytes.length > 0) mask.fill(0xff, 0, bytes.length + 1);
  return [new Uint32Array(name.buffer), new Uint32Array(mask.buffer)];
}
