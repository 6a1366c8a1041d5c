import assert from "node:assert/strict";
import { Btf } from "../../../lib/btf/btf.ts";
import { BtfKind } from "../../../lib/btf/btf_kind.ts";
import { BtfBuilder, sampleBuilder } from "../../support/btf_builder.ts";

const VMLINUX_BTF = "/sys/kernel/btf/vmlinux";

function parse(builder: BtfBuilder, base?: Btf): Btf {
  return Btf.parse(builder.build(), { source: "sample", base });
}

Deno.test("Btf reads the vmlinux of the running kernel", () => {
  const btf = Btf.parse(Deno.readFileSync(VMLINUX_BTF), { source: VMLINUX_BTF });
  const skb = btf.find(BtfKind.STRUCT, "sk_buff")!;
  const ipRcv = btf.type(btf.find(BtfKind.FUNC, "ip_rcv")!);
  assert.equal(btf.name(skb), "sk_buff");
  assert.equal(btf.skipModifiers(btf.type(btf.paramType(ipRcv, 0))), skb);
  assert.equal(btf.paramCount(ipRcv), 4);
  assert(btf.enumeratorNames("bpf_map_type").has("BPF_MAP_TYPE_RINGBUF"));
  assert(!btf.enumeratorNames("bpf_map_type").has("BPF_MAP_TYPE_RING"));
  assert.equal(btf.find(BtfKind.FUNC, "ip_rc"), undefined);

  const listHead = btf.find(BtfKind.STRUCT, "list_head")!;
  assert.equal(btf.size(listHead), 16);
  assert.deepEqual(
    btf.members(listHead).map(({ name, bitOffset, bitSize }) => ({ name, bitOffset, bitSize })),
    [{ name: "next", bitOffset: 0, bitSize: 0 }, { name: "prev", bitOffset: 64, bitSize: 0 }],
  );
});

Deno.test("Btf decodes every type of the running kernel", () => {
  const btf = Btf.parse(Deno.readFileSync(VMLINUX_BTF), { source: VMLINUX_BTF });
  let members = 0, values = 0, parameters = 0;
  for (let id = 1; id < btf.endId; id++) {
    btf.name(id);
    switch (btf.kind(id)) {
      case BtfKind.STRUCT:
      case BtfKind.UNION:
        for (const { type } of btf.members(id)) members += Number(type < btf.endId);
        break;
      case BtfKind.ENUM:
      case BtfKind.ENUM64:
        values += btf.enumerators(id).length;
        break;
      case BtfKind.FUNC:
        parameters += btf.paramCount(btf.type(id));
        break;
    }
    btf.skipModifiers(id);
  }
  assert(btf.endId > 50_000 && members > 50_000 && values > 10_000 && parameters > 50_000);
});

Deno.test("Btf returns each type's kind, name, size and the type it refers to", () => {
  const btf = parse(sampleBuilder());
  const kinds = Array.from({ length: btf.endId }, (_, id) => btf.kind(id));
  assert.deepEqual(new Set(kinds), new Set(Object.values(BtfKind)));
  const skb = btf.find(BtfKind.STRUCT, "sk_buff")!;
  assert.equal(btf.size(skb), 232);
  assert.equal(btf.size(btf.find(BtfKind.FLOAT, "double")!), 8);
  assert.equal(btf.name(0), "");
  assert.equal(btf.kind(0), BtfKind.VOID);
  const func = btf.find(BtfKind.FUNC, "ip_rcv")!;
  assert.equal(btf.kind(btf.type(func)), BtfKind.FUNC_PROTO);
  assert.equal(btf.type(btf.type(func)), 0);
  assert.equal(btf.paramType(btf.type(func), 0), btf.find(BtfKind.TYPEDEF, "packet"));
  assert.throws(() => btf.size(func), /type \d+ at byte \d+ has no size/);
  assert.throws(() => btf.type(skb), /type 2 at byte 40 refers to no type/);
  assert.throws(() => btf.paramType(btf.type(func), 2), /has no parameter 2/);
  assert.throws(() => btf.kind(1000), /it has no type 1000, the last is 19/);
});

Deno.test("Btf.skipModifiers passes typedefs, qualifiers and tags, not pointers", () => {
  const btf = parse(sampleBuilder());
  const pointer = btf.skipModifiers(btf.find(BtfKind.TYPEDEF, "packet")!);
  assert.equal(btf.kind(pointer), BtfKind.PTR);
  const skb = btf.find(BtfKind.STRUCT, "sk_buff")!;
  assert.equal(btf.skipModifiers(btf.type(pointer)), skb);
  assert.equal(btf.skipModifiers(btf.find(BtfKind.TYPE_TAG, "rcu")!), skb);
});

Deno.test("Btf.skipModifiers refuses a chain that never ends", () => {
  const builder = new BtfBuilder();
  builder.add(BtfKind.TYPEDEF, "there", 0, 2);
  builder.add(BtfKind.CONST, "", 0, 1);
  assert.throws(
    () => parse(builder).skipModifiers(1),
    /^IpftError: cannot read the BTF of sample: type 1 at byte 24 begins an endless chain/,
  );
});

Deno.test("Btf.members separates the width of a bit field from its offset", () => {
  const builder = new BtfBuilder();
  const int = builder.int("int", 4);
  const fields = [[builder.string("a"), int, 3 << 24 | 65], [builder.string("b"), int, 128]];
  const KIND_FLAG = 1 << 31;
  const struct = builder.add(BtfKind.STRUCT, "s", KIND_FLAG | 2, 24, ...fields.flat());
  assert.deepEqual(parse(builder).members(struct), [
    { name: "a", type: int, bitOffset: 65, bitSize: 3 },
    { name: "b", type: int, bitOffset: 128, bitSize: 0 },
  ]);
});

Deno.test("Btf.enumerators returns signed, unsigned and 64-bit values", () => {
  const builder = new BtfBuilder();
  const [name, KIND_FLAG] = [builder.string("X"), 1 << 31];
  builder.add(BtfKind.ENUM, "unsigned", 1, 4, name, -1);
  builder.add(BtfKind.ENUM, "signed", KIND_FLAG | 1, 4, name, -1);
  builder.add(BtfKind.ENUM64, "unsigned", 1, 8, name, 1, -1);
  builder.add(BtfKind.ENUM64, "signed", KIND_FLAG | 1, 8, name, 1, -1);
  const btf = parse(builder);
  const values = [1, 2, 3, 4].map((id) => btf.enumerators(id)[0].value);
  assert.deepEqual(values, [0xffffffff, -1, 0xffffffff00000001n, -0xffffffffn]);
});

Deno.test("Btf.find distinguishes kinds and whole names", () => {
  const builder = new BtfBuilder();
  builder.struct("net_device", 8);
  const suffix = builder.struct("net_device_device", 8);
  builder.add(BtfKind.TYPEDEF, "device", 0, suffix);
  const device = builder.struct("device", 8);
  builder.struct("device", 16);
  const btf = parse(builder);
  assert.equal(btf.find(BtfKind.STRUCT, "device"), device);
  assert.deepEqual(btf.findOwn(BtfKind.STRUCT, "device"), [device, device + 1]);
  assert.equal(btf.find(BtfKind.UNION, "device"), undefined);
  assert.equal(btf.find(BtfKind.STRUCT, "net"), undefined);
});

Deno.test("Btf.find finds a name that is the end of another string", () => {
  const builder = new BtfBuilder();
  const net = builder.string("dev_net") + "dev_".length;
  const bytes = (builder.struct("", 8), builder.build());
  new DataView(bytes.buffer).setUint32(24, net, true);
  assert.equal(Btf.parse(bytes, { source: "sample" }).find(BtfKind.STRUCT, "net"), 1);
});

Deno.test("Btf builds on the types and strings of its base", () => {
  const vmlinux = sampleBuilder();
  const module = new BtfBuilder(vmlinux);
  const base = parse(vmlinux);
  const skb = base.find(BtfKind.STRUCT, "sk_buff")!;
  const pointer = module.pointer(skb);
  const func = module.func("nft_do_chain", pointer);
  const btf = parse(module, base);
  assert.equal(btf.firstId, base.endId);
  assert.equal(btf.name(func), "nft_do_chain");
  assert.equal(btf.name(btf.type(pointer)), "sk_buff");
  assert.equal(btf.find(BtfKind.FUNC, "nft_do_chain"), func);
  assert.equal(btf.find(BtfKind.STRUCT, "sk_buff"), skb);
  assert.deepEqual(btf.findOwn(BtfKind.STRUCT, "sk_buff"), []);
  assert.equal(base.find(BtfKind.FUNC, "nft_do_chain"), undefined);
});

Deno.test("Btf reads bytes at any alignment", () => {
  const bytes = sampleBuilder().build();
  const shifted = new Uint8Array(bytes.length + 3).subarray(3);
  shifted.set(bytes);
  const btf = Btf.parse(shifted, { source: "sample" });
  assert.equal(btf.size(btf.find(BtfKind.STRUCT, "sk_buff")!), 232);
});
