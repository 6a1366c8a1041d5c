import assert from "node:assert/strict";
import { readBpfObject } from "../../../lib/bpf/object_file.ts";
import { STATE } from "../../../lib/bpf/state.ts";
import { Btf } from "../../../lib/btf/btf.ts";
import { BtfKind } from "../../../lib/btf/btf_kind.ts";
import { ElfObject } from "../../../lib/btf/elf_object.ts";
import type { Columns } from "../../../lib/event/column.ts";
import { EVENT } from "../../../lib/event/event.ts";
import { recordLayout, structLayout } from "../../../lib/event/layout.ts";
import { LINEAGE } from "../../../lib/event/lineage.ts";
import { DATA, DATA_BYTES } from "../../../lib/event/section.ts";
import { SECTIONS } from "../../../lib/sections/sections.ts";

const OBJECTS = (["tracer", "tracer_extension"] as const).map((name) => {
  const elf = new ElfObject(readBpfObject(name), name);
  return Btf.parse(elf.content(elf.section(".BTF")!), { source: name });
});

/** Where a struct of the object has its members, in bits, and how large it is, in bytes. */
function structOf(btf: Btf, name: string) {
  const id = btf.find(BtfKind.STRUCT, name);
  assert(id !== undefined, `no struct ${name} in the object`);
  const members = btf.members(id).map((member) => [member.name, member.bitOffset]);
  return { ...Object.fromEntries(members), sizeBytes: btf.size(id) };
}

/** The name that a member has in C. */
function cName(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The same of columns, under the names that C has for them. */
function structOfColumns(columns: Columns) {
  const { places, sizeBytes } = structLayout(columns);
  const members = Array.from(places, ([name, { offsetBytes, shift }]) => [
    cName(name),
    offsetBytes * 8 + shift,
  ]);
  return { ...Object.fromEntries(members), sizeBytes };
}

Deno.test("EVENT and every section are laid out as their structs in the built objects", () => {
  for (const btf of OBJECTS) {
    assert.deepEqual(structOf(btf, "event"), structOfColumns(EVENT));
    for (const { name, columns } of [LINEAGE, ...SECTIONS]) {
      assert.deepEqual(structOf(btf, name), structOfColumns(columns), name);
    }
  }
});

Deno.test("STATE is where struct state and struct cpu_counters have it in the built objects", () => {
  const { sizeBytes, counterBytes, ...offsets } = STATE;
  for (const btf of OBJECTS) {
    const { sizeBytes: wholeBytes, ...state } = structOf(btf, "state");
    const counters = structOf(btf, "cpu_counters");
    for (const [name, bytes] of Object.entries(offsets)) {
      assert.equal({ ...state, ...counters }[cName(name)], bytes * 8, name);
    }
    assert.equal(counters.sizeBytes, counterBytes);
    assert.equal(wholeBytes, sizeBytes);
  }
});

Deno.test("a record has 24 bytes alone, and 88 with an extension's data", () => {
  assert.equal(recordLayout([]).sizeBytes, 24);
  const { offsets, sizeBytes } = recordLayout([DATA]);
  assert.deepEqual([offsets.get(DATA), sizeBytes], [24, 24 + DATA_BYTES]);
});

Deno.test("sections follow each other in a record, in their order", () => {
  const all = [DATA, ...SECTIONS];
  const { offsets, sizeBytes } = recordLayout(all);
  let end = 24;
  for (const section of all) {
    assert.equal(offsets.get(section), end, section.name);
    end += structLayout(section.columns).sizeBytes;
  }
  assert.equal(sizeBytes, end);
});
