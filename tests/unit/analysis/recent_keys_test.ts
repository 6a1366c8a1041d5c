import assert from "node:assert/strict";
import fc from "fast-check";
import { RecentKeys } from "../../../lib/analysis/recent_keys.ts";

Deno.test("RecentKeys knows the keys that were added last, each by a number of its own", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), fc.integer({ min: 1, max: 8 }), (keys, most) => {
      const recent = new RecentKeys(most);
      const numbers = new Map<number, number>();
      for (const key of keys) {
        assert.equal(recent.find(key), numbers.get(key));
        if (numbers.has(key)) continue;
        const [oldest] = numbers.keys();
        if (numbers.size === most) numbers.delete(oldest);
        const number = recent.add(key);
        assert(number < most && ![...numbers.values()].includes(number), `${number}`);
        numbers.set(key, number);
      }
    }),
  );
});

Deno.test("RecentKeys keeps keys in use, and forgets them once they are not", () => {
  const used = new Set<number>();
  const recent = new RecentKeys(3, (number) => used.has(number));
  const keys = Array.from({ length: 10 }, (_, key) => {
    const number = recent.add(key, 7);
    used.add(number);
    return number;
  });
  assert.equal(new Set(keys).size, keys.length);
  keys.forEach((number, key) => assert.equal(recent.find(key, 7), number));
  assert.equal(recent.find(0), undefined);
  used.clear();
  for (let key = 10; key < 20; key++) recent.add(key, 7);
  for (let key = 0; key < 10; key++) assert.equal(recent.find(key, 7), undefined);
});
