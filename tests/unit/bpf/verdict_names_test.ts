import assert from "node:assert/strict";
import { verdictNames, VERDICTS } from "../../../lib/bpf/probes/verdict_names.ts";

const HEADER = new URL("../../../lib/bpf/probes/verdicts.h", import.meta.url);

Deno.test("verdictNames names the verdicts of a program in order, and then any other", () => {
  assert.deepEqual(verdictNames("fw", "XDP"), [
    "fw: XDP_ABORTED",
    "fw: XDP_DROP",
    "fw: XDP_PASS",
    "fw: XDP_TX",
    "fw: XDP_REDIRECT",
    "fw: unknown verdict",
  ]);
  const tc = verdictNames("fw", "tc");
  assert.deepEqual([tc[0], tc[1 + 2], tc.at(-1)], [
    "fw: TC_ACT_UNSPEC",
    "fw: TC_ACT_SHOT",
    "fw: unknown verdict",
  ]);
});

Deno.test("verdicts.h counts as many verdicts, from the same number on", async () => {
  const header = await Deno.readTextFile(HEADER);
  const define = (name: string) => Number(header.match(`#define ${name} \\(?(-?\\d+)`)![1]);
  assert.equal(define("TC_VERDICTS"), VERDICTS.tc.length);
  assert.equal(define("FIRST_TC_VERDICT"), -1);
  assert.equal(define("XDP_VERDICTS"), VERDICTS.XDP.length);
  assert.equal(define("FIRST_XDP_VERDICT"), 0);
});
