/** The kernel of this machine, as expressions are translated for it. */
import { Btf } from "../../lib/btf/btf.ts";
import { type BtfIds, findBtfIds } from "../../lib/kernel/btf_ids.ts";

const source = "/sys/kernel/btf/vmlinux";

export const RUNNING_KERNEL: BtfIds = findBtfIds(
  Btf.parse(Deno.readFileSync(source), { source }),
);

/** How memory is read: in place, and as on kernels that cannot do so. */
export const WAYS_TO_READ: readonly (readonly [name: string, BtfIds])[] = [
  ["cast pointers", RUNNING_KERNEL],
  ["copies", { ...RUNNING_KERNEL, rdonlyCast: undefined }],
];
