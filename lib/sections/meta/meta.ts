import type { Section } from "../../event/section.ts";

/** What the skb says of itself. */
export const META = {
  name: "meta",
  description: "What the skb says of itself",
  columns: {
    mark: { type: "u32", notation: "hexadecimal", description: "skb->mark" },
    len: { type: "u32", unit: "bytes", description: "Length of the packet: skb->len" },
  },
  placeholder: 0x1bf73e7a,
} as const satisfies Section;
