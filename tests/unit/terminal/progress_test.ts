import assert from "node:assert/strict";
import { progressLine } from "../../../lib/terminal/progress.ts";

Deno.test("progressLine shows how far a step is and how long it will still take", () => {
  const dashes = "-".repeat(30);
  assert.equal(progressLine("Attaching", 0, 1612, 0.1), `Attaching [${dashes}] 0/1612`);
  assert.equal(
    progressLine("Attaching", 403, 1612, 5),
    `Attaching [${"#".repeat(8)}${"-".repeat(22)}] 403/1612, 16 s left`,
  );
  assert.equal(progressLine("Detaching", 7, 7, 1), `Detaching [${"#".repeat(30)}] 7/7, 0 s left`);
});
