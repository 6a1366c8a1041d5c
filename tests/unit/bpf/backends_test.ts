import assert from "node:assert/strict";
import { chooseMethod } from "../../../lib/bpf/attach/backends.ts";
import { IpftError, usageError } from "../../../lib/base/errors.ts";
import type { Capabilities } from "../../../lib/kernel/capabilities.ts";

const ALL: Capabilities = {
  ringBuffer: true,
  kprobe: true,
  perfEventLink: true,
  kprobeMulti: true,
  kprobeSession: true,
  fentry: true,
  moduleBtf: true,
};

const choose = (...args: Parameters<typeof chooseMethod>) => chooseMethod(...args).method;

Deno.test("chooseMethod takes the best method that the kernel has", () => {
  assert.equal(choose(ALL, "function"), "kprobe-multi");
  assert.equal(choose({ ...ALL, kprobeMulti: false }, "function"), "kprobe");
  assert.equal(choose({ ...ALL, kprobeMulti: false, kprobe: false }, "function"), "fentry");
  assert.equal(choose(ALL, "function_graph"), "kprobe-session");
  const old = { ...ALL, kprobeSession: false };
  assert.equal(choose(old, "function_graph"), "kprobe-multi-pair");
  assert.equal(choose({ ...old, kprobeMulti: false }, "function_graph"), "fentry-fexit");
});

Deno.test("chooseMethod takes the best method of the wanted backend", () => {
  assert.equal(choose(ALL, "function", "ftrace"), "fentry");
  assert.equal(choose(ALL, "function_graph", "ftrace"), "fentry-fexit");
  assert.equal(choose(ALL, "function_graph", "kprobe-multi"), "kprobe-session");
});

Deno.test("chooseMethod says what the wanted backend lacks and which one works", () => {
  assert.throws(
    () => choose({ ...ALL, kprobeMulti: false }, "function", "kprobe-multi"),
    new IpftError(
      "this kernel cannot trace with kprobe-multi: it lacks kprobe-multi links " +
        "(Linux 5.18 with CONFIG_FPROBE)",
      "use --backend kprobe",
    ),
  );
});

Deno.test("chooseMethod says which backends a tracer has", () => {
  assert.throws(
    () => choose(ALL, "function_graph", "kprobe"),
    usageError(
      "the backend kprobe cannot trace function_graph",
      "use --backend kprobe-multi or ftrace",
    ),
  );
});

Deno.test("chooseMethod says what a kernel without any backend lacks", () => {
  assert.throws(
    () => choose({ ...ALL, ringBuffer: false }, "function"),
    new IpftError(
      "this kernel cannot trace with any backend: it lacks BPF ring buffer (Linux 5.8)",
      "use a newer kernel (see: ipft doctor)",
    ),
  );
});
