import assert from "node:assert/strict";
import { IpftError } from "../../../lib/base/errors.ts";
import { compileExpression } from "../../../lib/ffi/libpcap.ts";
import {
  requirePacketsOnly,
  translateExpressions,
} from "../../../lib/filter/expression_program.ts";
import { checkExpressions } from "../../support/expression_check.ts";
import { ExpressionRunner } from "../../support/expression_runner.ts";
import { RUNNING_KERNEL as ids, WAYS_TO_READ } from "../../support/running_kernel.ts";

const COUNT = Number(Deno.env.get("IPFT_EXPRESSIONS") ?? 150);

for (const [name, access] of WAYS_TO_READ) {
  Deno.test(`with ${name}, expressions say what libpcap's interpreter says`, async () => {
    const seed = COUNT === 150 ? 18 : Date.now();
    const checked = await checkExpressions(access, { count: COUNT, packets: 20, seed });
    console.log(name, seed, checked);
    assert(checked.expressions > COUNT / 2);
    assert(checked.matches > checked.packets / 50);
    assert(checked.undecided < checked.packets / 50);
  });
}

Deno.test("an IP header says that a packet is IP, whatever the protocol of the skb", async () => {
  using runner = await ExpressionRunner.load(compileExpression("ip"), ids);
  const memory = new Uint8Array(100).fill(0x45, 64);
  for (const protocol of [0, 0x0800, 0x86dd]) {
    assert.equal(runner.run({ memory, networkHeader: 64, protocol }), "match");
  }
  assert.equal(runner.run({ memory, networkHeader: 64, protocol: 0x0806 }), "no match");
  assert.equal(
    runner.run({ memory: memory.fill(0), networkHeader: 64, protocol: 0x0800 }),
    "no match",
  );
});

Deno.test("a packet that has left a tunnel is not the one around, though its link-layer header is", async () => {
  const memory = new Uint8Array(64 + 14 + 20 + 28).fill(0x45, 78);
  memory.set([8, 0], 76);
  memory.set([192, 0, 2, 1], 78 + 12);
  memory.set([10, 0, 0, 1], 98 + 12);
  for (const [, access] of WAYS_TO_READ) {
    const says = async (text: string, networkHeader: number) => {
      using runner = await ExpressionRunner.load(compileExpression(text), access);
      return runner.run({ memory, macHeader: 64, networkHeader, protocol: 0x0800 });
    };
    assert.equal(await says("host 192.0.2.1", 78), "match");
    assert.equal(await says("host 10.0.0.1", 78), "no match");
    assert.equal(await says("host 192.0.2.1", 98), "no match");
    assert.equal(await says("host 10.0.0.1", 98), "match");
    assert.equal(await says("ether host 01:02:03:04:05:06", 98), "no match");
  }
});

Deno.test("a packet that is shorter than its headers say matches nothing, and is not undecided", async () => {
  using runner = await ExpressionRunner.load(compileExpression("port 53 or not ip"), ids);
  const memory = new Uint8Array(64 + 14 + 22).fill(0x45, 78);
  memory.set([8, 0], 76);
  memory.set([17], 78 + 9);
  memory.set([0, 0], 78 + 6);
  assert.equal(runner.run({ memory, macHeader: 64 }), "no match");
  assert.equal(runner.run({ memory, macHeader: 64, bytesInFragments: 500 }), "undecided");
});

Deno.test("an expression whose jumps eBPF does not have is refused", () => {
  const [load] = compileExpression("ip"), end = { code: 0x06, jt: 0, jf: 0, k: 0 };
  const compare = (k: number) => ({ code: 0x15, jt: 0, jf: 40_000 - k, k });
  const program = [load, ...Array.from({ length: 40_000 }, (_, k) => compare(k)), end, end];
  const target = { access: { kind: "copy" }, layout: ids.skbLayout! } as const;
  assert.throws(() => translateExpressions({ expression: program }, target), (error) => {
    assert(error instanceof IpftError);
    assert.match(error.message, /^the expression is too long: its 40003 instructions need jumps/);
    assert.equal(error.exitCode, 2);
    return true;
  });
});

Deno.test("what is not about the packet is refused", () => {
  requirePacketsOnly(compileExpression("ip host 192.0.2.1 or vlan 7"));
  for (const text of ["inbound", "ip and outbound", "ifindex 3"]) {
    assert.throws(
      () => requirePacketsOnly(compileExpression(text)),
      /^IpftError: the expression is about how a packet was captured .*; choose an interface with --ifname/,
    );
    assert.throws(
      () => requirePacketsOnly(compileExpression(text), "--inner"),
      /^IpftError: --inner is about how a packet was captured /,
    );
  }
});

Deno.test("an expression of 200 hosts is loaded", async () => {
  const hosts = Array.from({ length: 200 }, (_, i) => `host 10.${i >> 8}.${i & 255}.1`);
  const program = compileExpression(hosts.join(" or "));
  using runner = await ExpressionRunner.load(program, ids);
  const memory = new Uint8Array(64 + 14 + 40).fill(0x45, 78);
  memory.set([8, 0], 76);
  memory.set([10, 199 >> 8, 199 & 255, 1], 78 + 12);
  assert.equal(runner.run({ memory, macHeader: 64 }), "match");
  memory.set([10, 199 >> 8, 199 & 255, 2], 78 + 12);
  assert.equal(runner.run({ memory, macHeader: 64 }), "no match");
});
