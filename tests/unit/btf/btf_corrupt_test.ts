import assert from "node:assert/strict";
import fc from "fast-check";
import { IpftError } from "../../../lib/base/errors.ts";
import { Btf } from "../../../lib/btf/btf.ts";
import { BtfKind } from "../../../lib/btf/btf_kind.ts";
import { findSkbPrototypes } from "../../../lib/kernel/skb_prototypes.ts";
import { type BtfBuilder, sampleBuilder } from "../../support/btf_builder.ts";

const VMLINUX_BTF = "/sys/kernel/btf/vmlinux";

function parse(builder: BtfBuilder, base?: Btf): Btf {
  return Btf.parse(builder.build(), { source: "sample", base });
}

/** Runs `read`; corrupt BTF may make it throw an IpftError, but nothing else. */
function orIpftError(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    assert(error instanceof IpftError, `${error}`);
  }
}

/** Calls every method with every type, and with ids that do not exist. */
function askEverything(btf: Btf): void {
  for (let id = -1; id <= btf.endId; id++) {
    orIpftError(() => btf.kind(id));
    orIpftError(() => btf.name(id));
    orIpftError(() => btf.size(id));
    orIpftError(() => btf.type(id));
    orIpftError(() => btf.skipModifiers(id));
    orIpftError(() => btf.members(id));
    orIpftError(() => btf.enumerators(id));
    orIpftError(() => btf.paramType(id, btf.paramCount(id) - 1));
  }
  orIpftError(() => btf.find(BtfKind.FUNC, "ip_rcv"));
  orIpftError(() => btf.enumeratorNames("verdict"));
  orIpftError(() => findSkbPrototypes(btf).positions);
}

Deno.test("Btf says what is wrong with a header", () => {
  const broken = (offset: number, ...values: number[]) => () => {
    const bytes = sampleBuilder().build();
    bytes.set(values, offset);
    return Btf.parse(bytes, { source: "some.o" });
  };
  assert.throws(
    broken(0, 0xeb, 0x9f),
    /^IpftError: cannot read the BTF of some\.o: it is big-endian/,
  );
  assert.throws(broken(0, 0x7f), /its magic is 0xeb7f, not 0xeb9f/);
  assert.throws(broken(2, 2), /its version is 2, not 1/);
  assert.throws(broken(4, 8), /its header claims 8 bytes/);
  assert.throws(broken(15, 1), /its types end at byte \d+ of \d+/);
  assert.throws(broken(8, 2), /its types, \d+ bytes at byte 26, are not 32-bit words/);
  assert.throws(broken(23, 1), /its strings end at byte \d+ of \d+/);
});

Deno.test("Btf says which type is cut off or has an unknown kind", () => {
  const unknown = sampleBuilder();
  unknown.add(20, "future", 0, 0);
  assert.throws(() => parse(unknown), /type 20 at byte \d+ is of unknown kind 20/);
  const long = sampleBuilder();
  long.add(BtfKind.STRUCT, "huge", 0xffff, 8);
  assert.throws(() => parse(long), /type 20 at byte \d+ is cut off/);
});

Deno.test("Btf.parse throws an IpftError wherever the bytes are truncated", () => {
  const bytes = sampleBuilder().build();
  for (let length = 0; length < bytes.length; length++) {
    const cut = bytes.subarray(0, length);
    assert.throws(() => Btf.parse(cut, { source: "sample" }), IpftError, `${length} bytes`);
  }
  const vmlinux = Deno.readFileSync(VMLINUX_BTF);
  for (const length of [20, 24, 1000, 3_000_000, vmlinux.length - 1]) {
    const cut = vmlinux.subarray(0, length);
    assert.throws(() => Btf.parse(cut, { source: VMLINUX_BTF }), IpftError, `${length} bytes`);
  }
});

Deno.test("Btf.parse throws an IpftError when the types end inside a type", () => {
  const bytes = sampleBuilder().build();
  const header = new DataView(bytes.buffer);
  const typeBytes = header.getUint32(12, true);
  let refused = 0;
  for (let length = 4; length < typeBytes; length += 4) {
    header.setUint32(12, length, true);
    orIpftError(() => {
      refused++;
      Btf.parse(bytes, { source: "sample" });
      refused--;
    });
  }
  // There are 92 words of types; 18 of the 19 types end before the last word.
  assert.equal(refused, typeBytes / 4 - 1 - 18);
});

Deno.test("Btf with altered bytes returns or throws an IpftError, whatever the call", () => {
  const bytes = sampleBuilder().build();
  const change = fc.record({
    at: fc.integer({ min: 0, max: bytes.length - 1 }),
    value: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.integer({ min: 0, max: 255 })),
  });
  const changes = fc.array(change, { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(changes, (edits) => {
      const broken = bytes.slice();
      for (const { at, value } of edits) broken[at] = value;
      orIpftError(() => askEverything(Btf.parse(broken, { source: "sample" })));
      orIpftError(() => {
        const base = parse(sampleBuilder());
        askEverything(Btf.parse(broken, { source: "sample", base }));
      });
    }),
    { seed: 2, numRuns: 3000 },
  );
});

Deno.test("Btf of the running kernel with flipped bytes parses or throws an IpftError", () => {
  const bytes = Deno.readFileSync(VMLINUX_BTF);
  const at = fc.integer({ min: 0, max: bytes.length - 1 });
  fc.assert(
    fc.property(fc.array(at, { minLength: 1, maxLength: 50 }), (places) => {
      const broken = bytes.slice();
      for (const place of places) broken[place] ^= 0xff;
      orIpftError(() => findSkbPrototypes(Btf.parse(broken, { source: VMLINUX_BTF })));
    }),
    { seed: 3, numRuns: 40 },
  );
});
