import assert from "node:assert/strict";
import fc from "fast-check";
import { conditionNumbers, IFNAME_BYTES } from "../../../lib/filter/conditions.ts";

/** Whether a device of this name meets the condition, as conditions.h compares it. */
function isNamed(numbers: ReturnType<typeof conditionNumbers>, device: Uint8Array): boolean {
  const { ifnameWord0, ifnameWord1, ifnameWord2, ifnameWord3 } = numbers;
  const { ifnameMask0, ifnameMask1, ifnameMask2, ifnameMask3 } = numbers;
  const words = [ifnameWord0, ifnameWord1, ifnameWord2, ifnameWord3];
  const masks = [ifnameMask0, ifnameMask1, ifnameMask2, ifnameMask3];
  const view = new DataView(device.buffer);
  return words.every((word, i) => ((view.getUint32(4 * i, true) & masks[i]) >>> 0) === word);
}

/** `dev->name` with a name, and bytes of earlier names behind its NUL. */
function nameOfDevice(name: string, rest = 0): Uint8Array {
  const bytes = new Uint8Array(IFNAME_BYTES).fill(rest);
  const { written } = new TextEncoder().encodeInto(name, bytes);
  bytes[written] = 0;
  return bytes;
}

Deno.test("conditionNumbers has 0 for conditions that there are not", () => {
  assert.deepEqual(new Set(Object.values(conditionNumbers({}))), new Set([0]));
  const { netns, ifnameWord0, cgroupLow, ofProcess } = conditionNumbers({
    netns: 0xf000_0001,
    ifname: "a",
    cgroup: 1n,
    process: { pid: 7 },
  });
  assert.deepEqual([netns, ifnameWord0, cgroupLow, ofProcess], [0xf000_0001, 0x61, 1, 1]);
});

Deno.test("conditionNumbers splits the 64 bits of a cgroup's id", () => {
  const { cgroupLow, cgroupHigh } = conditionNumbers({ cgroup: 0x8765_4321_fedc_ba98n });
  assert.deepEqual([cgroupLow, cgroupHigh], [0xfedc_ba98, 0x8765_4321]);
});

Deno.test("conditionNumbers compares a name up to its end, and nothing behind", () => {
  const character = fc.constantFrom(..."ab.0é");
  const name = fc.string({ unit: character, minLength: 1, maxLength: 7 });
  fc.assert(fc.property(name, name, fc.nat(255), (wanted, other, rest) => {
    const numbers = conditionNumbers({ ifname: wanted });
    assert.ok(isNamed(numbers, nameOfDevice(wanted, rest)));
    assert.equal(isNamed(numbers, nameOfDevice(other, rest)), wanted === other);
  }));
  for (const ifname of ["a", "abcd", "abcdefgh", "abcdefghijklmno"]) {
    const numbers = conditionNumbers({ ifname });
    assert.ok(isNamed(numbers, nameOfDevice(ifname, 0xff)), ifname);
    assert.ok(!isNamed(numbers, nameOfDevice(ifname.slice(0, -1), 0)), ifname);
    if (ifname.length < 15) assert.ok(!isNamed(numbers, nameOfDevice(`${ifname}x`)), ifname);
  }
});
