import assert from "node:assert/strict";
import { IpftError } from "../../../lib/base/errors.ts";
import { BtfKind } from "../../../lib/btf/btf_kind.ts";
import { findSkbFunctions } from "../../../lib/kernel/find_functions.ts";
import {
  filterFunctions,
  loadModuleFunctions,
  loadSkbFunctions,
} from "../../../lib/kernel/functions.ts";
import { BtfBuilder } from "../../support/btf_builder.ts";

/** Describes functions of a module, as BTF would, with their skb in the first register. */
function describe(module: string, ...names: string[]) {
  return names.map((name, i) => ({ name, module, skbPosition: 0, btfId: i + 1 }));
}

function text(lines: readonly string[]) {
  return new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
}

/** Lines of /proc/kallsyms for lines of `available_filter_functions`, 16 bytes each function. */
function symbolsOf(lines: readonly string[]): string[] {
  return lines.map((line, i) =>
    `ffffffff8100${(i * 16).toString(16).padStart(4, "0")} t ${line.replace(" ", "\t")}`
  );
}

/** Finds functions among those that these lines make traceable, with just these symbols. */
function findAll(described: ReturnType<typeof describe>, lines: readonly string[]) {
  return findSkbFunctions(described, { available: text(lines), kallsyms: text(symbolsOf(lines)) });
}

const named = ({ module, name }: { module: string; name: string }) => `${module}:${name}`;

/** Returns `module:name` of those that the lines of `available_filter_functions` make traceable. */
function find(described: ReturnType<typeof describe>, ...lines: string[]) {
  return findAll(described, lines).functions.map(named);
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

Deno.test("findSkbFunctions takes variants where BTF describes variants, but no pieces", () => {
  const described = [...describe("vmlinux", "a", "b", "c"), ...describe("br", "a")];
  const lines = ["a", "a.isra.0", "b.constprop.0", "b.constprop.1.isra.0", "c.part.0", "c"];
  const found = findAll(described, [...lines, "a.constprop.0 [br]"]);
  assert.equal(found.describesVariants, true);
  assert.deepEqual(found.functions.map(named), [
    "vmlinux:a",
    "vmlinux:a.isra.0",
    "vmlinux:b.constprop.0",
    "vmlinux:b.constprop.1.isra.0",
    "vmlinux:c",
    "br:a.constprop.0",
  ]);
  assert.deepEqual(found.leftOut.map(named), ["vmlinux:c.part.0"]);
});

Deno.test("findSkbFunctions leaves variants out where BTF describes plain functions only", () => {
  const lines = ["a", "a.constprop.0", "a.constprop.1.isra.0", "a.part.0"];
  const found = findAll(describe("vmlinux", "a"), lines);
  assert.equal(found.describesVariants, false);
  assert.deepEqual(found.functions.map(named), ["vmlinux:a"]);
  assert.deepEqual(found.leftOut.map(({ name }) => name), lines.slice(1));
  // Not even instead of a function that cannot be hooked: BTF says nothing of them.
  const files = { available: text(["a.constprop.0"]), kallsyms: text(symbolsOf(lines)) };
  assert.deepEqual(findSkbFunctions(describe("vmlinux", "a"), files).functions, []);
  // What vmlinux shows is true of a module.
  const module = findSkbFunctions(describe("vmlinux", "a"), files, true);
  assert.deepEqual(module.functions.map(named), ["vmlinux:a.constprop.0"]);
});

Deno.test("findSkbFunctions keeps prototype and id of the function behind a variant", () => {
  const described = [{ name: "gro", module: "vmlinux", skbPosition: 3, btfId: 77 }];
  assert.deepEqual(findAll(described, ["gro.constprop.0"]).functions, [{
    name: "gro.constprop.0",
    module: "vmlinux",
    skbPosition: 3,
    btfId: 77,
    address: 0xffffffff81000000n,
  }]);
});

Deno.test("findSkbFunctions leaves out unknown suffixes without a word", () => {
  const lines = ["a.cold", "a.isra.0.cold", "a.llvm.123", "a."];
  const { functions, leftOut } = findAll(describe("vmlinux", "a"), lines);
  assert.deepEqual([functions, leftOut], [[], []]);
});

Deno.test("of functions that share a name, findSkbFunctions tells those that can be hooked", () => {
  const kallsyms = text([
    "ffffffff81000010 t add",
    "ffffffff81000020 t add",
    "ffffffff81000030 t add",
  ]);
  const described = describe("vmlinux", "add"), available = text(["add", "add"]);
  const addresses = ({ functions }: ReturnType<typeof findSkbFunctions>) =>
    functions.map(({ address }) => Number(address! & 0xffn));
  const unknown = findSkbFunctions(described, { available, kallsyms });
  assert.equal(unknown.isAmbiguous, true);
  assert.deepEqual(addresses(unknown), [0x10, 0x20, 0x30], "the kernel will refuse one");
  assert.deepEqual(unknown.functions.map(({ isNamesake }) => isNamesake), [undefined, true, true]);
  const hooks = text(["ffffffff81000010 add", "ffffffff81000034 add"]); // the latter behind endbr64
  const known = findSkbFunctions(described, { available, kallsyms, addresses: hooks });
  assert.deepEqual(addresses(known), [0x10, 0x30]);
  // The kernel lists what it has left over of a function that was replaced under the next name.
  const stale = findSkbFunctions(described, { available: text(Array(5).fill("add")), kallsyms });
  assert.equal(stale.isAmbiguous, false);
  assert.deepEqual(addresses(stale), [0x10, 0x20, 0x30]);
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

function pathsOf(path: string) {
  return { tracefs: path, btf: `${path}/btf`, kallsyms: `${path}/kallsyms` };
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
    kallsyms: "ffffffff81000010 T ip_rcv\nffffffffc0000010 t nft_do_chain\t[nf_tables]\n",
  });
  const warnings: string[] = [];
  const nftDoChainFunction = {
    name: "nft_do_chain",
    module: "nf_tables",
    skbPosition: 0,
    btfId: nftDoChain,
    address: 0xffffffffc0000010n,
  };
  const result = await loadSkbFunctions(
    pathsOf(kernel.path),
    (message) => warnings.push(message),
  );
  assert.deepEqual(result.functions, [
    {
      name: "ip_rcv",
      module: "vmlinux",
      skbPosition: 0,
      btfId: ipRcv,
      address: 0xffffffff81000010n,
    },
    nftDoChainFunction,
  ]);
  const own = await loadModuleFunctions("nf_tables", pathsOf(kernel.path), false);
  assert.deepEqual(own.functions, [nftDoChainFunction]);
  await assert.rejects(
    loadModuleFunctions("broken", pathsOf(kernel.path), false),
    /^IpftError: the functions of module broken are left out: /,
  );
  assert.equal(result.vmlinux.find(BtfKind.FUNC, "ip_rcv"), ipRcv);
  assert.equal(warnings.length, 1);
  assert.match(
    warnings[0],
    /^the functions of module broken are left out: cannot read the BTF of \S+\/btf\/broken: its types/,
  );
});

Deno.test("loadSkbFunctions says what a kernel without BTF or function tracer lacks", async () => {
  const { vmlinux } = vmlinuxAndModule();
  using noBtf = kernelFiles({ available_filter_functions: "", kallsyms: "" });
  await assert.rejects(
    loadSkbFunctions(pathsOf(noBtf.path), assert.fail),
    (error) =>
      error instanceof IpftError && /\/btf\/vmlinux; .*CONFIG_DEBUG_INFO_BTF/.test(error.message),
  );
  using noFtrace = kernelFiles({ "btf/vmlinux": vmlinux, kallsyms: "" });
  await assert.rejects(
    loadSkbFunctions(pathsOf(noFtrace.path), assert.fail),
    (error) => error instanceof IpftError && /CONFIG_DYNAMIC_FTRACE/.test(error.message),
  );
});
