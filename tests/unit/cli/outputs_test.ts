import assert from "node:assert/strict";
import fc from "fast-check";
import { checkedOutputs, type GivenOutput, pairOutputs } from "../../../lib/cli/outputs.ts";

const format = fc.constantFrom("aggregate", "stream", "json").map((format) => ({ format }));
const path = fc.constantFrom("a.json", "b.txt", "-").map((path) => ({ path }));

Deno.test("pairOutputs keeps every part in its place, and completes an output before it begins another", () => {
  fc.assert(fc.property(fc.array(fc.oneof(format, path)), (parts) => {
    const outputs = pairOutputs(parts);
    // Each output holds the next one or two parts.
    let at = 0;
    for (const output of outputs) {
      const taken = parts.slice(at, at + Object.keys(output).length);
      assert.deepEqual(output, Object.assign({}, ...taken));
      at += taken.length;
    }
    assert.equal(at, parts.length);
    // The next part would not have fitted.
    for (const [i, output] of outputs.slice(0, -1).entries()) {
      const [next] = Object.keys(outputs[i + 1]);
      assert.ok(next in output, JSON.stringify(outputs));
    }
  }));
});

Deno.test("pairOutputs reads back complete outputs, however the two parts of each are ordered", () => {
  const complete = fc.tuple(format, path, fc.boolean());
  fc.assert(fc.property(fc.array(complete), (outputs) => {
    const parts = outputs.flatMap(([format, path, swap]) => swap ? [path, format] : [format, path]);
    assert.deepEqual(pairOutputs(parts), outputs.map(([format, path]) => ({ ...format, ...path })));
  }));
});

Deno.test("checkedOutputs takes a missing format from the suffix of the file", () => {
  const formatOf = (request: GivenOutput) => checkedOutputs([request])[0].format;
  for (const path of ["x.json", "x.jsonl", "dir.txt/x.ndjson"]) {
    assert.equal(formatOf({ path }), "json", path);
  }
  for (const path of ["x.txt", "x", "json", "x.json/y", "-"]) {
    assert.equal(formatOf({ path }), "aggregate", path);
  }
  assert.equal(formatOf({ path: "x.json", format: "stream" }), "stream");
  assert.equal(formatOf({}), "aggregate");
});

Deno.test("checkedOutputs gives an aggregate on standard output without requests, and reads - as that", () => {
  assert.deepEqual(checkedOutputs([]), [{ format: "aggregate", path: undefined }]);
  for (const path of ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"]) {
    assert.deepEqual(checkedOutputs([{ format: "json", path }]), [
      { format: "json", path: undefined },
    ]);
  }
});

Deno.test("checkedOutputs refuses two outputs with the same destination", () => {
  const refused = (...requests: GivenOutput[]) =>
    assert.throws(() => checkedOutputs(requests), { name: "IpftError", exitCode: 2 });
  refused({ format: "json" }, { format: "stream" });
  refused({ format: "json" }, { path: "-" });
  refused({ path: "a" }, { path: "b" }, { path: "a", format: "json" });
});
