/** Names for the table of functions. */
import { Btf } from "../../../lib/btf/btf.ts";
import { BtfKind } from "../../../lib/btf/btf_kind.ts";
import { findSkbPrototypes } from "../../../lib/kernel/skb_prototypes.ts";

const SOURCE = "/sys/kernel/btf/vmlinux";

/** About as many as ipft attaches to; a kernel without modules has more. */
const MAX_FUNCTIONS = 1600;

/** The functions of this kernel that take an skb, in the order of its BTF. */
export function kernelFunctions(): { name: string; module: string }[] {
  const btf = Btf.parse(Deno.readFileSync(SOURCE), { source: SOURCE });
  const { positions } = findSkbPrototypes(btf);
  const functions = [];
  for (let id = btf.firstId; id < btf.endId && functions.length < MAX_FUNCTIONS; id++) {
    if (btf.kind(id) !== BtfKind.FUNC || !positions.has(btf.type(id))) continue;
    functions.push({ name: btf.name(id), module: "vmlinux" });
  }
  return functions;
}
