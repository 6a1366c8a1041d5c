import assert from "node:assert/strict";
import { IpftError } from "../../../lib/base/errors.ts";
import { Btf } from "../../../lib/btf/btf.ts";
import { BtfKind } from "../../../lib/btf/btf_kind.ts";
import { checkSignature } from "../../../lib/extension/signature.ts";
import { BtfBuilder } from "../../support/btf_builder.ts";

const MUST_BE = "it must be int module(void *ctx, struct sk_buff *skb, uint8_t data[64])";

/** The types that the signatures below are made of. */
interface Types {
  readonly btf: BtfBuilder;
  readonly int: number;
  readonly long: number;
  readonly byte: number;
  readonly skb: number;
  readonly voidPointer: number;
  readonly skbPointer: number;
  readonly bytePointer: number;
}

/** Checks `module` with the return type and parameters that `choose` picks; the id of its prototype. */
function check(choose: (types: Types) => [returns: number, ...parameters: number[]]): number {
  const btf = new BtfBuilder();
  const int = btf.int("int", 4), long = btf.int("long", 8);
  const byte = btf.add(BtfKind.TYPEDEF, "uint8_t", 0, btf.int("unsigned char", 1));
  const skb = btf.struct("sk_buff", 4, ["mark", int, 0]);
  const [voidPointer, skbPointer, bytePointer] = [0, skb, byte].map((to) => btf.pointer(to));
  const types = { btf, int, long, byte, skb, voidPointer, skbPointer, bytePointer };
  const prototype = btf.prototype(...choose(types));
  btf.func("helper");
  btf.add(BtfKind.FUNC, "module", 1, prototype);
  const found = checkSignature(Btf.parse(btf.build(), { source: "foo.o" }), "the extension foo.o");
  assert.equal(found, prototype);
  return found;
}

Deno.test("checkSignature takes the manual's module, and what libbpf and C take for the same", () => {
  check((
    { int, voidPointer, skbPointer, bytePointer },
  ) => [int, voidPointer, skbPointer, bytePointer]);
  check(({ int, voidPointer }) => [int, voidPointer, voidPointer, voidPointer]);
  check(({ btf, int, skb, voidPointer, bytePointer }) => {
    const constant = btf.pointer(btf.add(BtfKind.CONST, "", 0, skb));
    return [int, voidPointer, btf.add(BtfKind.TYPEDEF, "packet", 0, constant), bytePointer];
  });
  check(({ btf }) => {
    const registers = btf.pointer(btf.struct("pt_regs", 168));
    const flavor = btf.pointer(btf.struct("sk_buff___mine", 8));
    return [btf.int("unsigned int", 4), registers, flavor, btf.pointer(btf.int("char", 1))];
  });
  check(({ btf, int, voidPointer, bytePointer }) => {
    const declared = btf.pointer(btf.add(BtfKind.FWD, "sk_buff", 0, 0));
    return [int, voidPointer, declared, bytePointer];
  });
});

Deno.test("checkSignature says what module is and what it must be", () => {
  const refusals: [Parameters<typeof check>[0], string][] = [
    [({ int }) => [int], "int module(void)"],
    [
      ({ int, voidPointer, skbPointer }) => [int, voidPointer, skbPointer],
      "int module(void *, struct sk_buff *)",
    ],
    [
      (
        { long, voidPointer, skbPointer, bytePointer },
      ) => [long, voidPointer, skbPointer, bytePointer],
      "long module(void *, struct sk_buff *, uint8_t *)",
    ],
    [
      ({ voidPointer, skbPointer, bytePointer }) => [0, voidPointer, skbPointer, bytePointer],
      "void module(void *, struct sk_buff *, uint8_t *)",
    ],
    [
      (
        { btf, int, skb, voidPointer, bytePointer },
      ) => [int, voidPointer, btf.pointer(btf.pointer(skb)), bytePointer],
      "int module(void *, struct sk_buff **, uint8_t *)",
    ],
    [
      (
        { btf, int, voidPointer, bytePointer },
      ) => [int, voidPointer, btf.pointer(btf.struct("__sk_buff", 4)), bytePointer],
      "int module(void *, struct __sk_buff *, uint8_t *)",
    ],
    [
      (
        { btf, int, voidPointer, skbPointer },
      ) => [int, voidPointer, skbPointer, btf.pointer(btf.add(BtfKind.CONST, "", 0, int))],
      "int module(void *, struct sk_buff *, const int *)",
    ],
    [
      ({ int, skbPointer, bytePointer }) => [int, int, skbPointer, bytePointer],
      "int module(int, struct sk_buff *, uint8_t *)",
    ],
  ];
  for (const [choose, signature] of refusals) {
    assert.throws(
      () => check(choose),
      new IpftError(`cannot use the extension foo.o: its signature is ${signature}`, MUST_BE),
    );
  }
});

Deno.test("checkSignature refuses BTF that has no function of that name", () => {
  const btf = new BtfBuilder();
  btf.func("other");
  btf.int("module", 4);
  assert.throws(
    () => checkSignature(Btf.parse(btf.build(), { source: "foo.o" }), "the extension foo.o"),
    /^IpftError: cannot use the extension foo.o: its BTF does not describe module\(\); compile /,
  );
});
