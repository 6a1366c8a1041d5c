import assert from "node:assert/strict";
import { readBpfObject } from "../../../lib/bpf/object_file.ts";
import {
  byPlaceholder,
  CALLS,
  FETCH_ADD,
  fillPlaceholders,
  FUNCTION_INDEX,
  NUMBERS,
} from "../../../lib/bpf/placeholders.ts";
import { WANTED_PROCESS } from "../../../lib/bpf/probes/follow_sockets.ts";
import { SOCKET_MARK } from "../../../lib/bpf/probes/mark_sockets.ts";
import { ElfObject } from "../../../lib/btf/elf_object.ts";
import { LINEAGE } from "../../../lib/event/lineage.ts";
import { DATA } from "../../../lib/event/section.ts";
import { BpfObject } from "../../../lib/ffi/libbpf.ts";
import { SECTIONS } from "../../../lib/sections/sections.ts";
import { decode, type Instruction } from "../../support/instructions.ts";

const LIB = new URL("../../../lib/", import.meta.url);

/** All that user space has numbers for; only code that it fills in later has the index. */
const FILLED = [
  ...Object.values(NUMBERS),
  ...Object.values(CALLS),
  FETCH_ADD,
  SOCKET_MARK,
  ...Object.values(WANTED_PROCESS),
  DATA.placeholder,
  LINEAGE.placeholder,
  ...SECTIONS.map(({ placeholder }) => placeholder),
];

const OBJECTS = ["tracer", "tracer_extension"] as const;
const IDS = { sessionIsReturn: 11, sessionCookie: 12, rdonlyCast: 13 };

const isPlaceholder = ({ immediate }: Instruction) =>
  immediate >>> 16 === 0x1bf7 && immediate !== FUNCTION_INDEX;

/** The placeholders that the C sources define. */
function definedIn(folder: URL): number[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return definedIn(new URL(`${name}/`, folder));
    if (!/\.[ch]$/.test(name)) return [];
    const text = Deno.readTextFileSync(new URL(name, folder));
    return [...text.matchAll(/^#define \w+_(?:PLACEHOLDER|placeholder) (\w+)/gm)]
      .map(([, number]) => Number(number));
  });
}

/** The code of an object, section by section. */
function code(elf: Uint8Array): Instruction[] {
  const SHF_EXECINSTR = 4, object = new ElfObject(elf, "test");
  return object.sections.filter(({ flags }) => (flags & SHF_EXECINSTR) !== 0)
    .flatMap((section) => decode(object.content(section)));
}

/** The instructions of an object, before and after. */
function filled(name: typeof OBJECTS[number], ids: Partial<typeof IDS> = IDS) {
  const elf = readBpfObject(name);
  const before = code(elf);
  const numbers = new Map(FILLED.map((placeholder, i) => [placeholder, i]));
  fillPlaceholders(elf, numbers, byPlaceholder(CALLS, ids));
  return { before, after: code(elf) };
}

Deno.test("each placeholder of C is one of TypeScript, and none stands for two things", () => {
  const defined = definedIn(LIB);
  assert.deepEqual(defined.toSorted(), [...FILLED, FUNCTION_INDEX].toSorted());
  assert.equal(new Set(defined).size, defined.length);
});

Deno.test("the built objects have all placeholders, and no others", () => {
  for (const name of OBJECTS) {
    const { before } = filled(name);
    const found = new Set(before.filter(isPlaceholder).map(({ immediate }) => immediate));
    const expected = FILLED.filter((each) => each !== DATA.placeholder || name !== "tracer");
    assert.deepEqual([...found].toSorted(), expected.toSorted(), name);
  }
});

Deno.test("fillPlaceholders leaves none, in functions neither, and all else as it was", () => {
  for (const name of OBJECTS) {
    const { before, after } = filled(name);
    before.forEach((each, i) => {
      if (!isPlaceholder(each)) return assert.deepEqual(after[i], each);
      const call = Object.values(CALLS).find((placeholder) => placeholder === each.immediate);
      if (call === undefined) {
        assert.deepEqual(after[i], { ...each, immediate: FILLED.indexOf(each.immediate) });
      }
    });
    assert.deepEqual(after.filter(isPlaceholder), []);
  }
});

Deno.test("fillPlaceholders makes calls of the kernel's functions, where it has them", () => {
  const CALL = 0x85, PSEUDO_KFUNC_CALL = 2;
  const calls = (ids: Partial<typeof IDS>) =>
    new Set(
      filled("tracer", ids).after
        .filter(({ code, source }) => code === CALL && source === PSEUDO_KFUNC_CALL)
        .map(({ immediate }) => immediate),
    );
  assert.deepEqual(calls(IDS), new Set(Object.values(IDS)));
  assert.deepEqual(calls({}), new Set());
});

Deno.test("fillPlaceholders makes atomic additions, where the kernel has them", () => {
  const ATOMIC = 0xc3, FETCH = 0x01;
  const additions = (hasFetchAdd: number) => {
    const elf = readBpfObject("tracer");
    fillPlaceholders(elf, byPlaceholder(NUMBERS, { hasFetchAdd }), new Map());
    return code(elf).filter(({ code, immediate, destination, source }) =>
      code === ATOMIC && immediate === FETCH && destination === 1 && source === 0
    ).length;
  };
  assert.equal(additions(0), 0);
  assert(additions(1) > 0);
});

Deno.test("fillPlaceholders puts 0 in place of what has no value", () => {
  const elf = readBpfObject("tracer"), before = code(elf);
  fillPlaceholders(elf, new Map(), new Map());
  const after = code(elf);
  const values = before.map((each, i) => isPlaceholder(each) ? after[i].immediate : 0);
  assert.deepEqual(new Set(values), new Set([0]));
});

Deno.test("mark.h: what waits while a typed pointer is made has a slot of the stack of its own", () => {
  const CALL = 0x85, STORE = 0x7b, LOAD = 0x79, ADD = 0x07, STACK = 10, SLOT = -16;
  const elf = readBpfObject("tracer");
  fillPlaceholders(elf, new Map(), byPlaceholder(CALLS, IDS));
  using object = new BpfObject(elf, "tracer");
  const isCast = (each?: Instruction) => each?.code === CALL && each.immediate === IDS.rdonlyCast;
  const programs = Array.from(object.programs(), (program) => decode(program.instructions()))
    .filter((program) => program.some(isCast));
  for (const program of programs) {
    program.forEach(({ code, destination, source, offset, immediate }, i) => {
      const isAtSlot = offset < SLOT + 8, [before, after] = [program[i - 1], program[i + 1]];
      if (destination === STACK && isAtSlot) assert.ok(code === STORE && isCast(after));
      if (source === STACK && isAtSlot) assert.ok(code === LOAD && isCast(before));
      if (code === ADD && before?.source === STACK) assert.ok(immediate >= SLOT + 8);
    });
  }
  assert.equal(programs.length, 15); // of three kinds, one for each position
});
