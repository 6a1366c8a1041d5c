import assert from "node:assert/strict";
import { CPU_BITS, DATA_BYTES, EVENT, STATE } from "../../../lib/event/event.ts";
import { readBpfObject } from "../../../lib/bpf/object_file.ts";
import { Btf } from "../../../lib/btf/btf.ts";
import { BtfKind } from "../../../lib/btf/btf_kind.ts";
import { ElfObject } from "../../../lib/btf/elf_object.ts";

function readBtf(object: "tracer" | "tracer_module"): Btf {
  const elf = new ElfObject(readBpfObject(object), object);
  return Btf.parse(elf.content(elf.section(".BTF")!), { source: object });
}

/** Byte offsets of a struct's members by name, and its size. */
function layout(name: string, btf = readBtf("tracer")): Record<string, number> {
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

Deno.test("STATE is the layout of struct state and struct cpu_counters in the built object", () => {
  const { active, asleep, counters, sizeBytes, counterBytes, hits, lost, dropped } = STATE;
  const { open_calls: _forTheKernelOnly, ...state } = layout("state");
  assert.deepEqual({ active, asleep, counters, sizeBytes }, state);
  assert.deepEqual({ hits, lost, dropped, sizeBytes: counterBytes }, layout("cpu_counters"));
});

Deno.test("DATA_BYTES follow the event in the object that modules are linked with", () => {
  const expected = { event: 0, data: EVENT.sizeBytes, sizeBytes: EVENT.sizeBytes + DATA_BYTES };
  const btf = readBtf("tracer_module");
  assert.deepEqual(layout("event_with_data", btf), expected);
  assert.deepEqual(layout("event", btf), layout("event"));
});
