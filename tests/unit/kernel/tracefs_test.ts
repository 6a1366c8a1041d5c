import assert from "node:assert/strict";
import { findTracefs } from "../../../lib/kernel/tracefs.ts";

const PROC = "proc /proc proc rw,nosuid 0 0\n";
const DEBUGFS = "debugfs /sys/kernel/debug debugfs rw,nosuid 0 0\n";
const TRACEFS = "tracefs /sys/kernel/tracing tracefs rw,nosuid 0 0\n";

Deno.test("findTracefs prefers the mount of tracefs itself", () => {
  assert.equal(findTracefs(PROC + DEBUGFS + TRACEFS), "/sys/kernel/tracing");
});

Deno.test("findTracefs falls back to the directory in debugfs", () => {
  assert.equal(findTracefs(PROC + DEBUGFS), "/sys/kernel/debug/tracing");
});

Deno.test("findTracefs finds none where neither is mounted", () => {
  assert.equal(findTracefs(PROC), undefined);
  assert.equal(findTracefs(""), undefined);
  assert.equal(findTracefs("tracefs /mnt/tracefs ext4 rw 0 0\n"), undefined);
});

Deno.test("findTracefs decodes spaces in a mount point", () => {
  assert.equal(findTracefs("t /mnt/my\\040tracing tracefs rw 0 0\n"), "/mnt/my tracing");
});
