import assert from "node:assert/strict";
import { parseAvailableFunctions } from "../../../lib/kernel/available_functions.ts";

function parse(content: string, ...names: string[]) {
  return parseAvailableFunctions(new TextEncoder().encode(content), names)
    .map(({ module, stem, suffix }) => `${module}: ${stem} ${suffix}`.trimEnd());
}

Deno.test("parseAvailableFunctions reads names, modules and suffixes", () => {
  const content = [
    "ip_rcv",
    "ip_rcv_core.isra.0",
    "tcp_v4_rcv",
    "nft_do_chain [nf_tables]",
    "nft_x.constprop.0.isra.12 [nf_tables]",
    "nft_y\t[nf_tables]",
    "",
  ].join("\n");
  assert.deepEqual(parse(content, "ip_rcv", "ip_rcv_core", "nft_do_chain", "nft_x", "nft_y"), [
    "vmlinux: ip_rcv",
    "vmlinux: ip_rcv_core .isra.0",
    "nf_tables: nft_do_chain",
    "nf_tables: nft_x .constprop.0.isra.12",
    "nf_tables: nft_y",
  ]);
});

Deno.test("parseAvailableFunctions matches whole names only", () => {
  const content = "__ip_rcv\nip_rcv_core\nip_rc\nip_rcv\n__ftrace_invalid_address___128\n";
  assert.deepEqual(parse(content, "ip_rcv"), ["vmlinux: ip_rcv"]);
});

Deno.test("parseAvailableFunctions lists a name as often as the kernel does", () => {
  assert.deepEqual(parse("add_grec\nother\nadd_grec", "add_grec"), [
    "vmlinux: add_grec",
    "vmlinux: add_grec",
  ]);
});

Deno.test("parseAvailableFunctions finds nothing in empty or odd content", () => {
  assert.deepEqual(parse("", "ip_rcv"), []);
  assert.deepEqual(parse("\n\n]\n [x]\nip_rcv\n"), []);
});
