import assert from "node:assert/strict";
import { extensionRefusal } from "../../../lib/bpf/extension_refusal.ts";
import { explainRefusal, VerifierLog } from "../../../lib/bpf/verifier_log.ts";

const EACCES = -13, EINVAL = -22;

/** What libbpf 1.1 says when the kernel refuses a program. */
const LOAD_FAILED = [
  "libbpf: prog 'ipft_kprobe_0': BPF program load failed: Permission denied",
  "libbpf: prog 'ipft_kprobe_0': failed to load: -13",
  "libbpf: failed to load object 'ipft'",
];

/** Logs of Linux 6.12, of which only the end is told. */
const BEFORE = [
  "0: R1=ctx() R10=fp0",
  "; struct sk_buff *skb = (void *)PT_REGS_PARM1(ctx); @ tracer.bpf.c:150",
  "0: (bf) r7 = r1                       ; R1=ctx() R7_w=ctx()",
];
const UNCHECKED = [
  "; *(__u64 *)data = *count + 1; @ refused.bpf.c:21",
  "133: (79) r1 = *(u64 *)(r0 +0)",
  "R0 invalid mem access 'map_value_or_null'",
];
const STATISTICS = [
  "verification time 912 usec",
  "stack depth 104+24",
  "processed 82 insns (limit 1000000) max_states_per_insn 0 total_states 5 peak_states 5 mark_read 2",
];

Deno.test("explainRefusal gives the source, the instruction and the reason", () => {
  const explanation = explainRefusal([...BEFORE, ...UNCHECKED, ...STATISTICS]);
  assert.deepEqual(explanation, { reason: UNCHECKED.at(-1), excerpt: UNCHECKED });
});

Deno.test("explainRefusal passes over what the verifier tells of itself", () => {
  const loop = [
    "; while (bpf_get_prandom_u32()) ; @ try.bpf.c:8",
    "126: (85) call bpf_get_prandom_u32#7",
  ];
  const reason = "infinite loop detected at insn 127";
  const states = ["cur state: R0=scalar() R10=fp0", "old state: R0=scalar() R10=fp0"];
  assert.deepEqual(
    explainRefusal([...BEFORE, ...loop, reason, ...states, ...STATISTICS]),
    { reason, excerpt: [...loop, reason] },
  );
  const precision = ["last_idx 198 first_idx 191", "regs=1 stack=0 before 197: (1f) r0 -= r1"];
  const math = "math between fp pointer and register with unbounded min value is not allowed";
  assert.deepEqual(
    explainRefusal(["198: (0f) r7 += r0", ...precision, math, ...STATISTICS]),
    { reason: math, excerpt: ["198: (0f) r7 += r0", math] },
  );
});

Deno.test("explainRefusal finds the reason behind a jump, where 6.12 ends no line", () => {
  const line = "133: (55) if r1 != 0x3039 goto pc-6 infinite loop detected at insn 128";
  assert.equal(explainRefusal([line])?.reason, "infinite loop detected at insn 128");
});

Deno.test("explainRefusal cuts what is long", () => {
  const steps = Array.from({ length: 50 }, (_, i) => `${i}: (b7) r1 = ${i}`);
  const { excerpt } = explainRefusal(["; long(); @ a.c:1", ...steps, "; b".padEnd(500), "bad"])!;
  assert.deepEqual(excerpt, [`${"; b".padEnd(160)}…`, "bad"]);
  assert.deepEqual(
    explainRefusal(["; long(); @ a.c:1", ...steps, "bad"])?.excerpt,
    ["; long(); @ a.c:1", "…", ...steps.slice(-5), "bad"],
  );
  assert.equal(explainRefusal(steps)?.excerpt.length, 8);
});

Deno.test("explainRefusal has nothing to say of a log without a problem", () => {
  assert.equal(explainRefusal([]), undefined);
  assert.equal(explainRefusal(STATISTICS), undefined);
});

Deno.test("VerifierLog tells whether the end of the log is there", () => {
  const log = new VerifierLog("instructions");
  assert.deepEqual(log.lines, []);
  assert.equal(log.isComplete, false);
  const write = (lines: string[]) =>
    log.buffer.set(new TextEncoder().encode(lines.join("\n") + "\n\0"));
  write(BEFORE);
  assert.deepEqual(log.lines, BEFORE);
  assert.equal(log.isComplete, false);
  write([...UNCHECKED, ...STATISTICS]);
  assert.equal(log.isComplete, true);
});

Deno.test("extensionRefusal tells the verifier's reason, and shows its last lines", () => {
  const error = extensionRefusal(EACCES, LOAD_FAILED, [...BEFORE, ...UNCHECKED, ...STATISTICS]);
  assert.equal(
    error.message,
    "the kernel refused the extension: R0 invalid mem access 'map_value_or_null'; change the extension " +
      "(the lines above say where, -v shows the verifier's whole log)",
  );
  assert.equal(error.exitCode, 1);
  assert.deepEqual(error.log, UNCHECKED);
});

Deno.test("extensionRefusal falls back on the error number where the verifier says nothing", () => {
  const { message, log } = extensionRefusal(EINVAL, LOAD_FAILED, []);
  assert.match(message, /^the kernel refused the extension: EINVAL \(invalid argument\); change /);
  assert.deepEqual(log, LOAD_FAILED);
});

Deno.test("extensionRefusal tells what libbpf could not do before the verifier's turn", () => {
  const { message, log } = extensionRefusal(EINVAL, [
    "libbpf: Error in bpf_create_map_xattr(bad):Invalid argument(-22). Retrying without BTF.",
    "libbpf: map 'bad': failed to create: Invalid argument(-22)",
    "libbpf: failed to load object 'ipft'",
  ], []);
  assert.equal(
    message,
    "the extension cannot be loaded: map 'bad': failed to create: Invalid argument(-22); change the " +
      "extension (-v shows all that libbpf says)",
  );
  assert.deepEqual(log, []);
});
