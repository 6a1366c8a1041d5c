import assert from "node:assert/strict";
import { ringCount } from "../../../lib/bpf/rings.ts";

const MiB = 2 ** 20;

Deno.test("ringCount gives each CPU a ring, as long as no ring is too small", () => {
  assert.equal(ringCount(64 * MiB, 1), 1);
  assert.equal(ringCount(64 * MiB, 2), 2);
  assert.equal(ringCount(64 * MiB, 6), 8);
  assert.equal(ringCount(64 * MiB, 64), 16);
  assert.equal(ringCount(2048 * MiB, 64), 64);
  assert.equal(ringCount(8 * MiB, 4), 2);
  assert.equal(ringCount(4096, 4), 1);
});
