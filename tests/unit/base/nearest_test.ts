import assert from "node:assert/strict";
import { byNearness, nearest } from "../../../lib/base/nearest.ts";

const WORDS = ["--mark", "--mask", "--mark-command", "--module-regex"];

Deno.test("byNearness counts inserted, deleted and replaced characters", () => {
  assert.deepEqual(byNearness("--marc", WORDS), WORDS);
  assert.deepEqual(byNearness("--mesk", WORDS).slice(0, 2), ["--mask", "--mark"]);
  assert.deepEqual(byNearness("x", []), []);
});

Deno.test("nearest takes a word with few typing errors, or one that begins like it", () => {
  assert.equal(nearest("--makr", WORDS), "--mark");
  assert.equal(nearest("--moduleregex", WORDS), "--module-regex");
  assert.equal(nearest("--mod", ["--module-regex"]), "--module-regex");
  assert.equal(nearest("lua", ["doctor"]), undefined);
  assert.equal(nearest("", WORDS), undefined);
  assert.equal(nearest("x", []), undefined);
});
