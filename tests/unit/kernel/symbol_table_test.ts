import assert from "node:assert/strict";
import { SymbolTable } from "../../../lib/kernel/symbol_table.ts";

const KALLSYMS = `0000000000000000 A fixed_percpu_data
00000000000001f0 A current_task
ffffffff81000000 T _text
ffffffff81000000 T _stext
ffffffff81a3c0d0 t ip_rcv_core
ffffffff81a3c4f0 T ip_rcv
ffffffff82000000 D jiffies
ffffffffc0341000 t nft_do_chain\t[nf_tables]
ffffffffc0340000 t first\t[nf_tables]`;

Deno.test("SymbolTable names addresses as the kernel prints them", () => {
  const symbols = new SymbolTable(new TextEncoder().encode(KALLSYMS));
  assert(!symbols.isEmpty);
  const names: [bigint, string | undefined][] = [
    [0xffffffff81a3c4f0n, "ip_rcv"],
    [0xffffffff81a3c4f4n, "ip_rcv+0x4"],
    [0xffffffff81a3c4efn, "ip_rcv_core+0x41f"],
    [0xffffffff81000000n, "_text"],
    [0xffffffffc0341008n, "nft_do_chain+0x8 [nf_tables]"],
    [0xffffffffc0340000n, "first [nf_tables]"],
    [0xffffffff820fffffn, "jiffies+0xfffff"],
    [0xffffffff82100000n, undefined],
    [0xffff888003c1d200n, undefined],
    [0xffffffff80ffffffn, undefined],
    [0x1f0n, undefined],
    [0n, undefined],
    [2n ** 64n - 1n, undefined],
  ];
  for (const [address, name] of names) assert.equal(symbols.name(address), name, `${address}`);
});

Deno.test("SymbolTable is empty where the kernel hides its addresses", () => {
  const hidden = KALLSYMS.replaceAll(/^f{8}\w{8}/gm, "0".repeat(16));
  const symbols = new SymbolTable(new TextEncoder().encode(hidden));
  assert(symbols.isEmpty);
  assert.equal(symbols.name(0xffffffff81a3c4f0n), undefined);
});
