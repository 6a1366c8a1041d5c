import assert from "node:assert/strict";
import fc from "fast-check";
import { linkByHalves } from "../../../lib/bpf/attach/link_by_halves.ts";

const EINVAL = 22;

Deno.test("linkByHalves links all functions but those that the kernel refuses", () => {
  const functions = fc.uniqueArray(fc.nat(), { maxLength: 200 });
  fc.assert(
    fc.property(functions, fc.func(fc.integer({ min: 0, max: 20 })), (indexes, dice) => {
      const isBad = (index: number) => dice(index) === 0;
      const linked: number[] = [];
      const refused = linkByHalves(indexes, (some) => {
        if (some.some(isBad)) return -EINVAL;
        linked.push(...some);
        return 3;
      });
      assert.deepEqual(refused.map(({ functionIndex }) => functionIndex), indexes.filter(isBad));
      assert.deepEqual(linked, indexes.filter((index) => !isBad(index)));
      assert(refused.every(({ reason }) => reason.startsWith("EINVAL")));
    }),
  );
});

Deno.test("linkByHalves makes one link where nothing is refused, and few where one is", () => {
  const indexes = Array.from({ length: 2000 }, (_, i) => i);
  let calls = 0;
  const link = (bad: number) => (some: readonly number[]) => {
    calls++;
    return some.includes(bad) ? -EINVAL : 3;
  };
  assert.deepEqual(linkByHalves(indexes, link(-1)), []);
  assert.equal(calls, 1);
  calls = 0;
  assert.equal(linkByHalves(indexes, link(777)).length, 1);
  assert(calls <= 23, `${calls} links`);
});
