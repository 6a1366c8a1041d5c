import assert from "node:assert/strict";
import { IpftError } from "../../../lib/base/errors.ts";
import { BtfKind } from "../../../lib/btf/btf_kind.ts";
import { findSkbFunctions } from "../../../lib/kernel/find_functions.ts";
import { filterFunctions, loadSkbFunctions } from "../../../lib/kernel/functions.ts";
import { BtfBuilder } from "../../support/btf_builder.ts";

/** Describes functions of a module, as BTF would, with their skb in the first register. */
function describe(module: string, ...names: string[]) {
  return names.map((name, i) => ({ name, module, skbPosition: 0, btfId: i + 1 }));
}

/** Returns `module:name` of those that the lines of `available_filter_functions` make traceable. */
function find(described: ReturnType<typeof describe>, ...lines: string[]) {
  const content = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
  return findSkbFunctions(described, content).map(({ module, name }) => `${module}:${name}`);
}

Deno.test("findSkbFunctions returns functions that are described and traceable, by module and name", () => {
  const described = [
    ...describe("nf_nat", "nf_nat_in", "ip_rcv"),
    ...describe("8021q", "vlan_xmit"),
    ...describe("vmlinux", "tcp_v4_rcv", "ip_rcv", "notrace_me"),
  ];
  const lines = ["tcp_v4_rcv", "ip_rcv", "ip_fib", "vlan_xmit [8021q]", "nf_nat_in [nf_nat]"];
  assert.deepEqual(find(described, ...lines, "ip_rcv [nf_nat]", "ip_rcv [other]"), [
    "vmlinux:ip_rcv",
    "vmlinux:tcp_v4_rcv",
    "8021q:vlan_xmit",
    "nf_nat:ip_rcv",
    "nf_nat:nf_nat_in",
  ]);
});

Deno.test("findSkbFunctions returns a shared name as often as the kernel lists it", () => {
  const described = describe("vmlinux", "add_grec", "add_grec");
  assert.deepEqual(find(described, "add_grec", "x", "add_grec", "add_grec"), [
    "vmlinux:add_grec",
    "vmlinux:add_grec",
    "vmlinux:add_grec",
  ]);
});

Deno.test("findSkbFunctions lets variants stand in for a function that is not traceable", () => {
  const described = [...describe("vmlinux", "a", "b"), ...describe("br", "a")];
  const lines = ["a", "a.isra.0", "b.constprop.0", "b.constprop.1.isra.0", "a.constprop.0 [br]"];
  assert.deepEqual(find(described, ...lines), [
    "vmlinux:a",
    "vmlinux:b.constprop.0",
    "vmlinux:b.constprop.1.isra.0",
    "br:a.constprop.0",
  ]);
});

Deno.test("findSkbFunctions keeps prototype and id of the function behind a variant", () => {
  const described = [{ name: "gro", module: "vmlinux", skbPosition: 3, btfId: 77 }];
  const content = new TextEncoder().encode("gro.constprop.0\n");
  assert.deepEqual(findSkbFunctions(described, content), [
    { name: "gro.constprop.0", module: "vmlinux", skbPosition: 3, btfId: 77 },
  ]);
});

Deno.test("findSkbFunctions leaves out fragments of functions and unknown suffixes", () => {
  const lines = ["a.part.0", "a.cold", "a.part.0.isra.0", "a.isra.0.cold", "a.llvm.123", "a."];
  assert.deepEqual(find(describe("vmlinux", "a"), ...lines), []);
});

Deno.test("filterFunctions applies the expressions for function and module", () => {
  const functions = [...describe("vmlinux", "ip_rcv", "tcp_rcv"), ...describe("nf_nat", "ip_nat")];
  const names = (options: { functionRegex?: RegExp; moduleRegex?: RegExp }) =>
    filterFunctions(functions, options).map(({ name }) => name);
  assert.deepEqual(names({}), ["ip_rcv", "tcp_rcv", "ip_nat"]);
  assert.deepEqual(names({ functionRegex: /^ip_/ }), ["ip_rcv", "ip_nat"]);
  assert.deepEqual(names({ moduleRegex: /nat/ }), ["ip_nat"]);
  assert.deepEqual(names({ functionRegex: /rcv/, moduleRegex: /nf/ }), []);
});

/** Makes a directory like tracefs with /sys/kernel/btf in it, and removes it after the test. */
function kernelFiles(files: Record<string, string | Uint8Array>) {
  const path = Deno.makeTempDirSync();
  Deno.mkdirSync(`${path}/btf`);
  for (const [name, content] of Object.entries(files)) {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    Deno.writeFileSync(`${path}/${name}`, bytes);
  }
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

function vmlinuxAndModule() {
  const vmlinux = new BtfBuilder();
  const skb = vmlinux.struct("sk_buff", 232);
  const pointer = vmlinux.pointer(skb);
  const ipRcv = vmlinux.func("ip_rcv", pointer);
  const module = new BtfBuilder(vmlinux);
  const nftDoChain = module.func("nft_do_chain", pointer, pointer);
  return { vmlinux: vmlinux.build(), module: module.build(), ipRcv, nftDoChain };
}

Deno.test("loadSkbFunctions reads vmlinux and modules, and leaves out a module with corrupt BTF", async () => {
  const { vmlinux, module, ipRcv, nftDoChain } = vmlinuxAndModule();
  using kernel = kernelFiles({
    "btf/vmlinux": vmlinux,
    "btf/nf_tables": module,
    "btf/broken": module.subarray(0, 60),
    available_filter_functions: "ip_rcv\nnft_do_chain [nf_tables]\nnft_do_chain [broken]\n",
  });
  const warnings: string[] = [];
  const result = await loadSkbFunctions(
    kernel.path,
    (message) => warnings.push(message),
    `${kernel.path}/btf`,
  );
  assert.deepEqual(result.functions, [
    { name: "ip_rcv", module: "vmlinux", skbPosition: 0, btfId: ipRcv },
    { name: "nft_do_chain", module: "nf_tables", skbPosition: 0, btfId: nftDoChain },
  ]);
  assert.equal(result.vmlinux.find(BtfKind.FUNC, "ip_rcv"), ipRcv);
  assert.equal(warnings.length, 1);
  assert.match(
    warnings[0],
    /^the functions of module broken are left out: cannot read the BTF of \S+\/btf\/broken: its types/,
  );
});

Deno.test("loadSkbFunctions says what a kernel without BTF or function tracer lacks", async () => {
  const { vmlinux } = vmlinuxAndModule();
  using noBtf = kernelFiles({ available_filter_functions: "" });
  await assert.rejects(
    loadSkbFunctions(noBtf.path, assert.fail, `${noBtf.path}/btf`),
    (error) =>
      error instanceof IpftError && /\/btf\/vmlinux; .*CONFIG_DEBUG_INFO_BTF/.test(error.message),
  );
  using noFtrace = kernelFiles({ "btf/vmlinux": vmlinux });
  await assert.rejects(
    loadSkbFunctions(noFtrace.path, assert.fail, `${noFtrace.path}/btf`),
    (error) => error instanceof IpftError && /CONFIG_DYNAMIC_FTRACE/.test(error.message),
  );
});
