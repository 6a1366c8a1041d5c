import assert from "node:assert/strict";
import { findTracefs, parseFilterFunctions } from "../../../lib/kernel/tracefs.ts";

const PROC = "proc /proc proc rw,nosuid 0 0\n";
const DEBUGFS = "debugfs /sys/kernel/debug debugfs rw,nosuid 0 0\n";
const TRACEFS = "tracefs /sys/kernel/tracing tracefs rw,nosuid 0 0\n";

function parse(content: string, ...names: string[]) {
  return parseFilterFunctions(new TextEncoder().encode(content), names)
    .map(({ module, stem, suffix }) => `${module}: ${stem} ${suffix}`.trimEnd());
}

Deno.test("findTracefs prefers the mount of tracefs itself", () => {
  assert.equal(findTracefs(PROC + DEBUGFS + TRACEFS), "/sys/kernel/tracing");
});

Deno.test("findTracefs falls back to the directory in debugfs", () => {
  assert.equal(findTracefs(PROC + DEBUGFS), "/sys/kernel/debug/tracing");
});

Deno.test("findTracefs finds none where neither is mounted", () => {
  assert.equal(findTracefs(PROC), undefined);
  assert.equal(findTracefs(""), undefined);
  assert.equal(findTracefs("tracefs /mnt/tracefs ext4 rw 0 0\n"), undefined);
});

Deno.test("findTracefs reads blanks in a mount point", () => {
  assert.equal(findTracefs("t /mnt/my\\040tracing tracefs rw 0 0\n"), "/mnt/my tracing");
});

Deno.test("parseFilterFunctions reads names, modules and suffixes", () => {
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

Deno.test("parseFilterFunctions takes whole names only", () => {
  const content = "__ip_rcv\nip_rcv_core\nip_rc\nip_rcv\n__ftrace_invalid_address___128\n";
  assert.deepEqual(parse(content, "ip_rcv"), ["vmlinux: ip_rcv"]);
});

Deno.test("parseFilterFunctions lists a name as often as the kernel does", () => {
  assert.deepEqual(parse("add_grec\nother\nadd_grec", "add_grec"), [
    "vmlinux: add_grec",
    "vmlinux: add_grec",
  ]);
});

Deno.test("parseFilterFunctions finds nothing in nothing", () => {
  assert.deepEqual(parse("", "ip_rcv"), []);
  assert.deepEqual(parse("\n\n]\n [x]\nip_rcv\n"), []);
});
