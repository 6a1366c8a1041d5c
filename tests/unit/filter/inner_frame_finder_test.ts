import assert from "node:assert/strict";
import { checkInner } from "../../support/inner_check.ts";
import { WAYS_TO_READ } from "../../support/running_kernel.ts";

const COUNT = Number(Deno.env.get("IPFT_EXPRESSIONS") ?? 40);

for (const [name, access] of WAYS_TO_READ) {
  Deno.test(`with ${name}, an inner expression says what libpcap's interpreter says`, async () => {
    const seed = COUNT === 40 ? 18 : Date.now();
    const checked = await checkInner(access, { count: COUNT, packets: 15, seed });
    console.log(name, seed, checked);
    assert(checked.expressions > COUNT / 2);
    assert(checked.matches > checked.packets / 20);
    assert(checked.undecided > checked.packets / 20);
  });
}
