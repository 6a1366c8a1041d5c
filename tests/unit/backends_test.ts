import assert from "node:assert/strict";
import { chooseBackend } from "../../lib/backends.ts";
import { IpftError } from "../../lib/errors.ts";
import type { Capabilities } from "../../lib/kernel/capabilities.ts";

const ALL: Capabilities = {
  ringBuffer: true,
  kprobe: true,
  attachCookie: true,
  kprobeMulti: true,
  kprobeSession: true,
  fentry: true,
  moduleBtf: true,
};

Deno.test("chooseBackend takes the best backend that the kernel has", () => {
  assert.equal(chooseBackend(ALL), "kprobe-multi");
  assert.equal(chooseBackend({ ...ALL, kprobeMulti: false }), "kprobe");
  assert.equal(chooseBackend({ ...ALL, kprobeMulti: false, kprobe: false }), "ftrace");
});

Deno.test("chooseBackend takes the wanted backend", () => {
  assert.equal(chooseBackend(ALL, "ftrace"), "ftrace");
});

Deno.test("chooseBackend says what the wanted backend lacks and which one works", () => {
  assert.throws(
    () => chooseBackend({ ...ALL, kprobeMulti: false }, "kprobe-multi"),
    new IpftError(
      "this kernel cannot trace with kprobe-multi: it lacks kprobe-multi links " +
        "(Linux 5.18 with CONFIG_FPROBE)",
      "use --backend kprobe",
    ),
  );
});

Deno.test("chooseBackend says what a kernel without any backend lacks", () => {
  assert.throws(
    () => chooseBackend({ ...ALL, ringBuffer: false }),
    new IpftError(
      "this kernel cannot trace with any backend: it lacks BPF ring buffer (Linux 5.8)",
      "use a newer kernel (see: ipft doctor)",
    ),
  );
});
