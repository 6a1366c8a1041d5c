import { IpftError } from "../base/errors.ts";
import { conditionNumbers } from "../filter/conditions.ts";
import { translateExpressions } from "../filter/expression_program.ts";
import type { MemoryAccess } from "../filter/memory.ts";
import { markNumbers } from "../filter/mark.ts";
import type { PacketFilter } from "../filter/packet_filter.ts";
import type { BtfIds } from "../kernel/btf_ids.ts";
import type { SkbLayout } from "../kernel/skb_layout.ts";
import type { NUMBERS } from "./placeholders.ts";

/** Ways to read the mark: mark.h. */
const READ_BY_CAST = 1, READ_BY_HELPER = 2;

/** What a packet filter is in the programs. */
export interface FilterCode {
  readonly numbers: Readonly<Partial<Record<keyof typeof NUMBERS, number>>>;
  /** The body of `ipft_filter` (filter.h), if there is an expression, about the packet or what it carries. */
  readonly expression?: Uint8Array<ArrayBuffer>;
}

/**
 * Translates a packet filter for the running kernel.
 * @throws IpftError when the expression is too long, or the kernel's skb is not as expressions need it
 */
export function filterCode(filter: PacketFilter, btfIds: BtfIds): FilterCode {
  const { mark, expression, inner, netns, ifname, cgroup, process } = filter;
  const access = memoryAccess(btfIds), hasExpression = expression ?? inner;
  return {
    expression: hasExpression &&
      translateExpressions(filter, { access, layout: layoutOf(btfIds) }),
    numbers: {
      ...markNumbers(mark),
      markReading: mark && (access.kind === "cast" ? READ_BY_CAST : READ_BY_HELPER),
      canCast: access.kind === "cast" ? 1 : 0,
      skBuffId: btfIds.skBuff,
      sockId: btfIds.sock,
      hasConditions: netns || ifname || cgroup || process ? 1 : 0,
      ...conditionNumbers(filter),
      hasExpression: hasExpression ? 1 : 0,
    },
  };
}

/** Returns how the kernel lets programs read memory. */
function memoryAccess({ rdonlyCast, skBuff, sock, bytes }: BtfIds): MemoryAccess {
  if (!rdonlyCast || !skBuff || !sock || !bytes) return { kind: "copy" };
  return { kind: "cast", castId: rdonlyCast, bytesId: bytes };
}

function layoutOf({ skbLayout }: BtfIds): SkbLayout {
  if (skbLayout !== undefined) return skbLayout;
  throw new IpftError(
    "this kernel's struct sk_buff is not laid out as expressions need it",
    "use a mark: ipft -m 1234",
  );
}
