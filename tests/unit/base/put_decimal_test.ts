import assert from "node:assert/strict";
import fc from "fast-check";
import { putDecimal } from "../../../lib/base/put_decimal.ts";

function shown(value: number, width: number): string {
  const bytes = new Uint8Array(32).fill(0x2e);
  const end = putDecimal(bytes, 1, value, width);
  const text = new TextDecoder().decode(bytes);
  assert.equal(text.replace(/^\./, "").slice(end - 1).replaceAll(".", ""), "", "beside the number");
  return text.slice(1, end);
}

Deno.test("putDecimal writes every integer up to 2^53, right-aligned", () => {
  const edges = [0, 9, 10, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 10 ** 15, 2 ** 53 - 1, 2 ** 53];
  for (const value of edges) assert.equal(shown(value, 0), String(value));
  fc.assert(fc.property(
    fc.oneof(fc.maxSafeNat(), fc.nat(), fc.nat(1000)),
    fc.nat(20),
    (value, width) => assert.equal(shown(value, width), String(value).padStart(width)),
  ));
});
