import assert from "node:assert/strict";
import { IpftError } from "../../../lib/base/errors.ts";
import { Btf } from "../../../lib/btf/btf.ts";
import { BtfKind } from "../../../lib/btf/btf_kind.ts";
import { findSkbPrototypes } from "../../../lib/kernel/skb_prototypes.ts";
import { BtfBuilder } from "../../support/btf_builder.ts";

/** Types to choose parameters from. */
function types(btf = new BtfBuilder()) {
  const skb = btf.struct("sk_buff", 232);
  return {
    btf,
    skb,
    pointer: btf.pointer(skb),
    int: btf.int("int", 4),
    int128: btf.int("__int128", 16),
    pair: btf.struct("sockptr_t", 16),
    triple: btf.struct("large", 24),
    empty: btf.struct("lockdep_map", 0),
    float: btf.add(BtfKind.FLOAT, "float", 0, 4),
    const: (type: number) => btf.add(BtfKind.CONST, "", 0, type),
  };
}

/** Returns the register in which a function with these parameters takes its skb. */
function position({ btf }: { btf: BtfBuilder }, returns: number, ...parameters: number[]) {
  const prototype = btf.prototype(returns, ...parameters);
  const parsed = Btf.parse(btf.build(), { source: "sample" });
  return findSkbPrototypes(parsed).positions.get(prototype);
}

Deno.test("findSkbPrototypes counts the registers before the first skb", () => {
  const t = types();
  assert.equal(position(t, t.int, t.pointer), 0);
  assert.equal(position(t, 0, t.int, t.int, t.pointer, t.pointer), 2);
  assert.equal(position(t, 0, t.int, t.int, t.int, t.int, t.pointer), 4);
});

Deno.test("findSkbPrototypes leaves out an skb in the sixth register or on the stack", () => {
  const t = types();
  assert.equal(position(t, 0, ...Array(5).fill(t.int), t.pointer), undefined);
  assert.equal(position(t, 0, ...Array(6).fill(t.int), t.pointer), undefined);
  assert.equal(position(t, 0, t.int), undefined);
  assert.equal(position(t, t.pointer), undefined);
});

Deno.test("findSkbPrototypes sees through const, volatile, restrict, typedef and tags", () => {
  const t = types();
  const modify = (type: number) =>
    [BtfKind.CONST, BtfKind.VOLATILE, BtfKind.RESTRICT, BtfKind.TYPEDEF, BtfKind.TYPE_TAG]
      .reduce((inner, kind) => t.btf.add(kind, "m", 0, inner), type);
  assert.equal(position(t, 0, modify(t.btf.pointer(modify(t.skb)))), 0);
});

Deno.test("findSkbPrototypes does not take a pointer to a pointer for an skb", () => {
  const t = types();
  assert.equal(position(t, 0, t.btf.pointer(t.pointer)), undefined);
  assert.equal(position(t, 0, t.btf.pointer(t.const(t.pointer)), t.pointer), 1);
  assert.equal(position(t, 0, t.skb, t.int), undefined);
  const head = t.btf.struct("sk_buff_head", 24);
  assert.equal(position(t, 0, t.btf.pointer(head)), undefined);
});

Deno.test("findSkbPrototypes counts two registers for a value wider than one", () => {
  const t = types();
  assert.equal(position(t, 0, t.pair, t.pointer), 2);
  assert.equal(position(t, 0, t.int128, t.const(t.pair), t.pointer), 4);
  assert.equal(position(t, 0, t.int128, t.pair, t.int, t.pointer), undefined);
});

Deno.test("findSkbPrototypes counts no register for a value that is passed elsewhere", () => {
  const t = types();
  assert.equal(position(t, 0, t.triple, t.pointer), 0);
  assert.equal(position(t, 0, t.empty, t.float, t.pointer), 0);
});

Deno.test("findSkbPrototypes counts the register that points to a result in memory", () => {
  const t = types();
  assert.equal(position(t, t.triple, t.pointer), 1);
  assert.equal(position(t, t.const(t.triple), t.int, t.pointer), 2);
  assert.equal(position(t, t.pair, t.pointer), 0);
});

Deno.test("findSkbPrototypes accepts each module's own struct sk_buff, and a declaration", () => {
  const vmlinux = types();
  const fromVmlinux = vmlinux.btf.prototype(0, vmlinux.pointer);
  const base = Btf.parse(vmlinux.btf.build(), { source: "vmlinux" });
  const module = new BtfBuilder(vmlinux.btf);
  const ofBase = module.prototype(0, vmlinux.int, module.pointer(vmlinux.skb));
  const ownPointer = module.pointer(module.struct("sk_buff", 232));
  const own = module.prototype(0, ownPointer);
  const forward = module.prototype(0, module.pointer(module.add(BtfKind.FWD, "sk_buff", 0, 0)));
  const func = module.add(BtfKind.FUNC, "uses_base_prototype", 0, fromVmlinux);

  const basePrototypes = findSkbPrototypes(base);
  const btf = Btf.parse(module.build(), { source: "module", base });
  const { positions } = findSkbPrototypes(btf, basePrototypes);
  assert.deepEqual([...positions].sort(), [[ofBase, 1], [own, 0], [forward, 0]].sort());
  assert.deepEqual(btf.findFunctions(positions, basePrototypes.positions), [func]);
});

Deno.test("findSkbPrototypes refuses BTF in which everything is an skb", () => {
  const t = types();
  for (let i = 0; i < 200; i++) t.const(t.skb);
  assert.throws(() => position(t, 0, t.pointer), IpftError);
});
