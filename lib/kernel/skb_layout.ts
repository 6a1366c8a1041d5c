import type { Btf } from "../btf/btf.ts";
import { BtfKind } from "../btf/btf_kind.ts";

/** Where `struct sk_buff` has what leads to a packet's headers: offsets in bytes. */
export interface SkbLayout {
  /** `protocol`, `transport_header`, `network_header` and `mac_header`: four u16. */
  readonly headers: number;
  /** Where the linear part ends, as an offset from the head: u32, behind the headers. */
  readonly tail: number;
  /** Where its memory ends, and `struct skb_shared_info` begins, as an offset from the head: u32, behind `tail`. */
  readonly end: number;
  /** A pointer, behind `end`. */
  readonly head: number;
  /** How many bytes are in fragments: u32. */
  readonly dataLength: number;
  /** The VLAN tag beside the frame: its protocol, in the order of the network, and TCI, two u16. */
  readonly tag: number;
  /** Whether there is one; undefined where the protocol says it (Linux 6.2+). */
  readonly hasTag?: { readonly offset: number; readonly bit: number };
  /** Undefined where page fragments cannot be read. */
  readonly fragments?: FragmentLayout;
}

/** Where `struct skb_shared_info` has its first page fragment, in bytes, and what leads to the page's memory. */
export interface FragmentLayout {
  /** The number of fragments: u8. */
  readonly count: number;
  /** A pointer to the `struct page`. */
  readonly page: number;
  readonly length: number;
  /** Of the fragment in its page: u32. */
  readonly offset: number;
  /** Binary logarithm of the size of a `struct page`. */
  readonly pageStructShift: number;
  /** The addresses of the variables vmemmap_base and page_offset_base, in halves (arch/x86/mm/kaslr.c). */
  readonly vmemmapBase: readonly [high: number, low: number];
  readonly pageOffsetBase: readonly [high: number, low: number];
}

/** The kernel's variables that `FragmentLayout` is about. */
export const PAGE_VARIABLES = ["vmemmap_base", "page_offset_base"] as const;

const HEADERS = ["protocol", "transport_header", "network_header", "mac_header"];
const TAG = ["vlan_proto", "vlan_tci"];

/** The most bytes from the headers to the end of the pointer to the head. */
const WINDOW_BYTES = 56;

/**
 * Returns the layout in this kernel; undefined if it is not as `SkbLayout` says.
 * @param variables the addresses of PAGE_VARIABLES, as far as they are known
 */
export function findSkbLayout(
  vmlinux: Btf,
  variables: ReadonlyMap<string, bigint> = new Map(),
): SkbLayout | undefined {
  const struct = vmlinux.find(BtfKind.STRUCT, "sk_buff");
  if (struct === undefined) return undefined;
  const offset = (name: string) => bitOffset(vmlinux, struct, name);
  const headers = adjacent(HEADERS.map(offset)), tag = adjacent(TAG.map(offset));
  const [tail, end, head, dataLength] = ["tail", "end", "head", "data_len"].map(offset);
  const isKnown = headers !== undefined && tag !== undefined && tail !== undefined &&
    end !== undefined && head !== undefined && dataLength !== undefined;
  if (!isKnown) return undefined;
  if (!(headers < tail && tail < end && end < head && head + 64 - headers <= 8 * WINDOW_BYTES)) {
    return undefined;
  }
  const hasTag = offset("vlan_present");
  return {
    headers: headers / 8,
    tail: tail / 8,
    end: end / 8,
    head: head / 8,
    dataLength: dataLength / 8,
    tag: tag / 8,
    hasTag: hasTag === undefined ? undefined : { offset: hasTag >> 3, bit: hasTag & 7 },
    fragments: findFragments(vmlinux, variables),
  };
}

function findFragments(
  vmlinux: Btf,
  variables: ReadonlyMap<string, bigint>,
): FragmentLayout | undefined {
  const [vmemmapBase, pageOffsetBase] = PAGE_VARIABLES.map((name) => halves(variables.get(name)));
  const struct = (name: string) => vmlinux.find(BtfKind.STRUCT, name);
  // struct bio_vec until Linux 6.8.
  const fragment = struct("skb_frag") ?? struct("bio_vec"), shared = struct("skb_shared_info");
  const page = struct("page");
  if (!vmemmapBase || !pageOffsetBase || !fragment || !shared || !page) return undefined;
  const inFragment = (...names: string[]) =>
    names.map((name) => bitOffset(vmlinux, fragment, name)).find((at) => at !== undefined);
  const [count, first] = ["nr_frags", "frags"].map((name) => bitOffset(vmlinux, shared, name));
  const length = inFragment("len", "bv_len"), offset = inFragment("offset", "bv_offset");
  const pageStructShift = Math.log2(vmlinux.size(page));
  const isKnown = count !== undefined && first !== undefined && length !== undefined &&
    offset !== undefined && Number.isInteger(pageStructShift);
  if (!isKnown) return undefined;
  return {
    count: count / 8,
    page: first / 8,
    length: (first + length) / 8,
    offset: (first + offset) / 8,
    pageStructShift,
    vmemmapBase,
    pageOffsetBase,
  };
}

function halves(address: bigint | undefined): readonly [number, number] | undefined {
  if (!address) return undefined;
  return [Number(address >> 32n), Number(BigInt.asUintN(32, address))];
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
