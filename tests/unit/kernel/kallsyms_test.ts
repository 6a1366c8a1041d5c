import assert from "node:assert/strict";
import fc from "fast-check";
import { IpftError } from "../../../lib/base/errors.ts";
import { parseKallsyms } from "../../../lib/kernel/kallsyms.ts";
import { NameSet } from "../../../lib/kernel/name_set.ts";

const encoder = new TextEncoder();

function parse(lines: string[], ...names: string[]) {
  return parseKallsyms(encoder.encode(lines.map((line) => `${line}\n`).join("")), names);
}

Deno.test("parseKallsyms returns exact addresses and modules of the wanted names", () => {
  const symbols = parse(
    [
      "ffffffff81a3c0d0 T ip_rcv",
      "ffffffff81a3c0e1 T ip_rcv_core",
      "ffffffffc08f8013 t nft_do_chain\t[nf_tables]",
      "ffffffffc08f9001 t ip_rc\t[nf_tables]",
    ],
    "nft_do_chain",
    "ip_rcv",
  );
  assert.deepEqual(symbols, [
    { name: "ip_rcv", module: "vmlinux", address: 0xffffffff81a3c0d0n },
    { name: "nft_do_chain", module: "nf_tables", address: 0xffffffffc08f8013n },
  ]);
});

Deno.test("parseKallsyms returns every function of a shared name", () => {
  const symbols = parse(
    [
      "ffffffff81000010 t add_grec",
      "ffffffff81000020 T between",
      "ffffffff81000030 t add_grec",
      "ffffffffc0000040 t add_grec\t[ipv6]",
    ],
    "add_grec",
  );
  assert.deepEqual(symbols.map(({ module, address }) => `${module} ${address.toString(16)}`), [
    "vmlinux ffffffff81000010",
    "vmlinux ffffffff81000030",
    "ipv6 ffffffffc0000040",
  ]);
});

Deno.test("parseKallsyms returns only code: global, local and weak text", () => {
  const types = ["T", "t", "W", "w", "D", "d", "B", "b", "R", "r", "A", "V", "U"];
  const lines = types.map((type, i) => `ffffffff8100000${i.toString(16)} ${type} name`);
  assert.deepEqual(parse(lines, "name").map(({ address }) => Number(address & 0xfn)), [0, 1, 2, 3]);
});

Deno.test("parseKallsyms does not take a variant of the compiler's for the function", () => {
  const lines = ["ffffffff81000010 t qdisc_notify.isra.0", "ffffffff81000020 t qdisc_notify"];
  assert.deepEqual(parse(lines, "qdisc_notify").map(({ address }) => address), [
    0xffffffff81000020n,
  ]);
});

Deno.test("parseKallsyms reads a last line without a newline", () => {
  const content = encoder.encode("ffffffff81000010 t ip_rcv");
  assert.equal(parseKallsyms(content, ["ip_rcv"]).length, 1);
  assert.deepEqual(parseKallsyms(new Uint8Array(), ["ip_rcv"]), []);
});

Deno.test("parseKallsyms says what to do when the kernel hides addresses", () => {
  const hidden = () => parse(["0000000000000000 T ip_rcv"], "ip_rcv");
  assert.throws(hidden, IpftError);
  assert.throws(hidden, /every address as 0; run ipft as root .*sysctl kernel\.kptr_restrict/);
});

Deno.test("parseKallsyms finds functions of the running kernel", () => {
  const content = Deno.readFileSync("/proc/kallsyms");
  const lines = new TextDecoder().decode(content).split("\n");
  const names = ["ip_rcv", "ip_output", "__kfree_skb"];
  const expected = names.flatMap((name) => lines.filter((line) => line.endsWith(` T ${name}`)));
  const found = parseKallsyms(content, names);
  assert.deepEqual(
    found.map(({ name, address }) => `${address.toString(16)} T ${name}`).sort(),
    expected.sort(),
  );
  assert(found.length > 0);
});

Deno.test("NameSet holds exactly the names it was given", () => {
  const name = fc.string({ unit: fc.constantFrom("a", "b", "_", "é"), minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.array(name), fc.array(name), (members, others) => {
      const set = new NameSet(members);
      for (const other of [...members, ...others]) {
        const bytes = encoder.encode(`x${other}y`);
        const expected = members.includes(other) ? other : undefined;
        assert.equal(set.get(bytes, 1, bytes.length - 1), expected);
      }
    }),
    { seed: 1, numRuns: 500 },
  );
});
