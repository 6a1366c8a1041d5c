import assert from "node:assert/strict";
import { BtfKind } from "../../../lib/btf/btf_kind.ts";
import { describe } from "../../../lib/kernel/network_programs.ts";
import { BtfBuilder } from "../../support/btf_builder.ts";

const NAME = "a_name_that_the_kernel_cuts_off";
const INFO = { type: 3, id: 5, name: NAME.slice(0, 15), btfId: 7, mainFunction: 0 };

/** The BTF of a program with such parameters, and its function. */
function program(parameters: (btf: BtfBuilder) => number[]) {
  const btf = new BtfBuilder();
  const mainFunction = btf.func(NAME, ...parameters(btf));
  return { info: { ...INFO, mainFunction }, readBtf: () => btf.build() };
}

const pointerTo = (struct: string) => (btf: BtfBuilder) => [btf.pointer(btf.struct(struct, 4))];

Deno.test("describe gives a program its whole name and its function", () => {
  for (const [kind, struct] of [["tc", "__sk_buff"], ["XDP", "xdp_md"]] as const) {
    const { info, readBtf } = program(pointerTo(struct));
    const { mainFunction: btfId } = info;
    assert.deepEqual(describe(info, kind, readBtf), { kind, id: 5, name: NAME, btfId });
  }
});

Deno.test("describe looks through typedefs and const", () => {
  const { info, readBtf } = program((btf) => {
    const constant = btf.add(BtfKind.CONST, "", 0, btf.struct("__sk_buff", 4));
    return [btf.add(BtfKind.TYPEDEF, "context", 0, btf.pointer(constant))];
  });
  assert.ok(!("problem" in describe(info, "tc", readBtf)));
});

Deno.test("describe says why nothing can be attached to a program", () => {
  const problem = ({ info, readBtf }: ReturnType<typeof program>) => {
    const described = describe(info, "tc", readBtf);
    assert.equal(described.name, INFO.name);
    return "problem" in described ? described.problem : undefined;
  };
  const other = "its argument is no struct __sk_buff *";
  assert.equal(problem(program(pointerTo("xdp_md"))), other);
  assert.equal(problem(program((btf) => [btf.pointer(0)])), other);
  assert.equal(problem(program((btf) => [btf.int("int", 4)])), other);
  assert.equal(problem(program(() => [])), other);
  const fit = program(pointerTo("__sk_buff"));
  const noBtf = "it has no BTF";
  assert.equal(problem({ ...fit, info: { ...fit.info, btfId: 0 } }), noBtf);
  assert.equal(problem({ ...fit, info: { ...fit.info, mainFunction: 0 } }), noBtf);
  assert.equal(describe(fit.info, "tc", () => undefined).name, INFO.name);
  assert.match(
    problem({ ...fit, info: { ...fit.info, mainFunction: 99 } })!,
    /^cannot read the BTF of program 5: .*99/,
  );
});
