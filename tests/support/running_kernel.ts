/** The kernel of this machine, as expressions are translated for it. */
import { Btf } from "../../lib/btf/btf.ts";
import { type BtfIds, findBtfIds } from "../../lib/kernel/btf_ids.ts";
import { PAGE_VARIABLES } from "../../lib/kernel/skb_layout.ts";

const source = "/sys/kernel/btf/vmlinux";

/**
 * Where nothing ever is: zeros are read. So pages are described from address 0 on, and page fragments can be
 * read without the right to know where the kernel has its variables.
 */
const NOWHERE = 0xffff_ffff_ffe0_0000n;

export const RUNNING_KERNEL: BtfIds = findBtfIds(
  Btf.parse(Deno.readFileSync(source), { source }),
  new Map(PAGE_VARIABLES.map((name, i) => [name, NOWHERE + BigInt(8 * i)])),
);

/** How memory is read: in place, and as on kernels that cannot do so. */
export const WAYS_TO_READ: readonly (readonly [name: string, BtfIds])[] = [
  ["cast pointers", RUNNING_KERNEL],
  ["copies", { ...RUNNING_KERNEL, rdonlyCast: undefined }],
];
