import assert from "node:assert/strict";
import { Btf } from "../../../lib/btf/btf.ts";
import { findBtfIds } from "../../../lib/kernel/btf_ids.ts";
import { checkInner } from "../../support/inner_check.ts";

const source = "/sys/kernel/btf/vmlinux";
const ids = findBtfIds(Btf.parse(Deno.readFileSync(source), { source }));
const COUNT = Number(Deno.env.get("IPFT_EXPRESSIONS") ?? 40);

for (
  const [name, access] of [["cast pointers", ids], ["copies", {
    ...ids,
    rdonlyCast: undefined,
  }]] as const
) {
  Deno.test(`with ${name}, an inner expression says what libpcap's interpreter says`, async () => {
    const seed = COUNT === 40 ? 18 : Date.now();
    const checked = await checkInner(access, { count: COUNT, packets: 15, seed });
    console.log(name, seed, checked);
    assert(checked.expressions > COUNT / 2);
    assert(checked.matches > checked.packets / 20);
    assert(checked.undecided > checked.packets / 20);
  });
}
