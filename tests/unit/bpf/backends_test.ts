import assert from "node:assert/strict";
import { BACKENDS, chooseMethod } from "../../../lib/bpf/attach/backends.ts";
import { IpftError, usageError } from "../../../lib/base/errors.ts";
import type { Capabilities } from "../../../lib/kernel/capabilities.ts";
import type { SkbFunction } from "../../../lib/kernel/skb_function.ts";

const ALL: Capabilities = {
  ringBuffer: true,
  kprobe: true,
  perfEventLink: true,
  kprobeMulti: true,
  kprobeSession: true,
  fentry: true,
  moduleBtf: true,
  fetchAdd: true,
};

const choose = (...args: Parameters<typeof chooseMethod>) => chooseMethod(...args).method.name;

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

Deno.test("BACKENDS have names of their own, and so have their methods", () => {
  for (const named of [BACKENDS, BACKENDS.flatMap<{ name: string }>(({ methods }) => methods)]) {
    assert.equal(new Set(named.map(({ name }) => name)).size, named.length);
  }
});

Deno.test("ftrace does not reach functions with a compiler suffix, the others none without address", () => {
  const fn = { name: "f.isra.0", module: "vmlinux", skbPosition: 0, btfId: 1 };
  const reaching = (fn: SkbFunction) =>
    BACKENDS.filter(({ reaches }) => reaches(fn)).map(({ name }) => name);
  assert.deepEqual(reaching(fn), []);
  assert.deepEqual(reaching({ ...fn, address: 1n }), ["kprobe-multi", "kprobe"]);
  assert.deepEqual(reaching({ ...fn, name: "f" }), ["ftrace"]);
});

Deno.test("ftrace binds programs to the next function of a position that was refused", () => {
  const fn = (name: string, skbPosition: number) => ({ name, module: "m", skbPosition, btfId: 1 });
  const [{ bind }] = BACKENDS[2].methods;
  const binding = bind([fn("a", 0), fn("b", 2), fn("c", 0)]);
  const refused = (position: number) =>
    binding.next([`libbpf: prog 'ipft_fentry_${position}': failed to load: -22`]);
  const names = () => [0, 1, 2].map((position) => binding.functionName(position));
  assert.deepEqual(names(), ["a", undefined, "b"]);
  assert.equal(binding.next(["libbpf: map 'ipft_rings': failed to create"]), false);
  assert.deepEqual(names(), ["a", undefined, "b"]);
  assert.equal(refused(0), true);
  assert.deepEqual(names(), ["c", undefined, "b"]);
  assert.equal(refused(2), true);
  assert.equal(refused(0), false);
});
