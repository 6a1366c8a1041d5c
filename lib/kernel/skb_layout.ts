import type { Btf } from "../btf/btf.ts";
import { BtfKind } from "../btf/btf_kind.ts";

/** Where `struct sk_buff` has what leads to a packet's headers: offsets in bytes. */
export interface SkbLayout {
  /** `protocol`, `transport_header`, `network_header` and `mac_header`: four u16. */
  readonly headers: number;
  /** Where the linear part ends, as an offset from the head: u32, behind the headers. */
  readonly tail: number;
  /** A pointer, behind `tail`. */
  readonly head: number;
  /** How many bytes are in fragments: u32. */
  readonly dataLength: number;
  /** The VLAN tag beside the frame: its protocol, in the order of the network, and TCI, two u16. */
  readonly tag: number;
  /** Whether there is one; undefined where the protocol says it (Linux 6.2+). */
  readonly hasTag?: { readonly offset: number; readonly bit: number };
}

const HEADERS = ["protocol", "transport_header", "network_header", "mac_header"];
const TAG = ["vlan_proto", "vlan_tci"];

/** The most bytes from the headers to the end of the pointer to the head. */
const WINDOW_BYTES = 56;

/** Returns the layout in this kernel; undefined if it is not as `SkbLayout` says. */
export function findSkbLayout(vmlinux: Btf): SkbLayout | undefined {
  const struct = vmlinux.find(BtfKind.STRUCT, "sk_buff");
  if (struct === undefined) return undefined;
  const offset = (name: string) => bitOffset(vmlinux, struct, name);
  const headers = adjacent(HEADERS.map(offset)), tag = adjacent(TAG.map(offset));
  const [tail, head, dataLength] = ["tail", "head", "data_len"].map(offset);
  const isKnown = headers !== undefined && tag !== undefined && tail !== undefined &&
    head !== undefined && dataLength !== undefined;
  if (!isKnown) return undefined;
  if (!(headers < tail && tail < head && head + 64 - headers <= 8 * WINDOW_BYTES)) return undefined;
  const hasTag = offset("vlan_present");
  return {
    headers: headers / 8,
    tail: tail / 8,
    head: head / 8,
    dataLength: dataLength / 8,
    tag: tag / 8,
    hasTag: hasTag === undefined ? undefined : { offset: hasTag >> 3, bit: hasTag & 7 },
  };
}

/** Returns the first of the offsets of some u16 that follow each other without a gap. */
function adjacent([first, ...others]: readonly (number | undefined)[]): number | undefined {
  if (first === undefined) return undefined;
  return others.every((offset, i) => offset === first + (i + 1) * 16) ? first : undefined;
}

/** Returns where a struct has a member, in bits; also one of an anonymous struct or union in it. */
export function bitOffset(btf: Btf, struct: number, name: string): number | undefined {
  for (const member of btf.members(struct)) {
    if (member.name === name) return member.bitOffset;
    if (member.name !== "") continue;
    const type = btf.skipModifiers(member.type), kind = btf.kind(type);
    if (kind !== BtfKind.STRUCT && kind !== BtfKind.UNION) continue;
    const within = bitOffset(btf, type, name);
    if (within !== undefined) return member.bitOffset + within;
  }
  return undefined;
}
