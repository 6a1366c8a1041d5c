import assert from "node:assert/strict";
import { CONFIG, CPU_BITS, EVENT, STATE } from "../../lib/bpf/event.ts";
import { Btf } from "../../lib/kernel/btf.ts";
import { BtfKind } from "../../lib/kernel/btf_kind.ts";
import { elfSection } from "./elf.ts";

const elf = Deno.readFileSync(new URL("../../lib/bpf/tracer.bpf.o", import.meta.url));
const btf = Btf.parse(elfSection(elf, ".BTF"), { source: "tracer.bpf.o" });

/** Byte offsets of a struct's members by name, and its size. */
function layout(name: string): Record<string, number> {
  const id = btf.find(BtfKind.STRUCT, name);
  assert(id !== undefined, `no struct ${name} in the object`);
  const members = btf.members(id).map((member) => [member.name, member.bitOffset / 8]);
  return { ...Object.fromEntries(members), sizeBytes: btf.size(id) };
}

Deno.test("EVENT is the layout of struct event in the built object", () => {
  const { functionIndex, cpu, ...others } = EVENT;
  assert.deepEqual(
    { ...others, function: functionIndex, cpu, is_return: cpu + CPU_BITS / 8 },
    layout("event"),
  );
});

Deno.test("CONFIG is the layout of struct config in the built object", () => {
  const { wantedMark, markMask, sizeBytes } = CONFIG;
  assert.deepEqual({ wanted_mark: wantedMark, mark_mask: markMask, sizeBytes }, layout("config"));
});

Deno.test("STATE is the layout of struct state and struct cpu_counters in the built object", () => {
  const { active, asleep, counters, sizeBytes, counterBytes, hits, lost, dropped } = STATE;
  const { open_calls: _forTheKernelOnly, ...state } = layout("state");
  assert.deepEqual({ active, asleep, counters, sizeBytes }, state);
  assert.deepEqual({ hits, lost, dropped, sizeBytes: counterBytes }, layout("cpu_counters"));
});
