import assert from "node:assert/strict";
import fc from "fast-check";
import { IpftError } from "../../../lib/base/errors.ts";
import { BpfObject } from "../../../lib/ffi/libbpf.ts";
import { ElfObject, type ElfSymbol } from "../../../lib/btf/elf_object.ts";
import { linkExtension } from "../../../lib/extension/link.ts";
import { prepareExtension } from "../../../lib/extension/prepare.ts";

const SOURCE = "the extension from emit of foo.lua";
const COMPILE = "compile it with: clang -target bpf -O3 -c -g";
const DEFINE = "define: int module(void *ctx, struct sk_buff *skb, uint8_t data[64])";

/** Byte offsets in `Elf64_Sym` and `Elf64_Shdr` (elf.h). */
const SYMBOL_INFO = 4, SYMBOL_OTHER = 5, SYMBOL_SECTION = 6, SYMBOL_VALUE = 8;
const SECTION_NAME = 0, SECTION_TYPE = 4, SECTION_ALIGNMENT = 0x30;

/** The program of the scripting manual, which is an example. */
const MANUAL = "../../examples/lua/mark/mark";

/** An object of tests/scripts, compiled. */
function read(name: string): Uint8Array<ArrayBuffer> {
  return Deno.readFileSync(new URL(`../../scripts/${name}.bpf.o`, import.meta.url));
}

function symbol(elf: ElfObject, name: string): ElfSymbol {
  return elf.symbols.find((symbol) => symbol.name === name)!;
}

/** An object of tests/scripts with some bytes changed. */
function broken(
  name: string,
  change: (view: DataView, elf: ElfObject, bytes: Uint8Array<ArrayBuffer>) => void,
): Uint8Array<ArrayBuffer> {
  const bytes = read(name);
  change(new DataView(bytes.buffer), new ElfObject(bytes, name), bytes);
  return bytes;
}

function link(elf: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return linkExtension({ elf, source: SOURCE });
}

function assertRefused(elf: Uint8Array<ArrayBuffer>, why: string, remedy?: string): void {
  assert.throws(
    () => link(elf),
    new IpftError(`cannot use ${SOURCE}: ${why}`, remedy),
  );
}

Deno.test("linkExtension links what the manual compiles, and what it forbids", () => {
  for (const name of [MANUAL, "lifted", "drop", "refused"]) {
    const linked = link(read(name));
    using object = new BpfObject(linked, name);
    const programs = Array.from({ length: 5 }, (_, position) => [
      object.program(`ipft_kprobe_${position}`),
      object.program(`ipft_fentry_${position}`),
    ]);
    assert.equal(programs.flat().length, 10);
  }
});

Deno.test("linkExtension leaves ipft's own variables where user space looks for them", () => {
  const linked = link(read("lifted"));
  const elf = new ElfObject(linked, "linked");
  const view = new DataView(linked.buffer);
  const place = (name: string) => {
    const { section, offset } = symbol(elf, name);
    return [elf.sections[section].name, Number(view.getBigUint64(offset + SYMBOL_VALUE, true))];
  };
  assert.deepEqual(place("ipft_state"), [".bss", 0]);
  assert.equal(place("state")[0], ".bss");
  assert.equal(place("offset")[0], ".rodata");
});

Deno.test("linkExtension hides the extension's functions, but not programs", () => {
  const linked = link(read("lifted"));
  const elf = new ElfObject(linked, "linked");
  const visibility = (name: string) => linked[symbol(elf, name).offset + SYMBOL_OTHER];
  const [DEFAULT, HIDDEN] = [0, 2];
  assert.deepEqual(["module", "describe"].map(visibility), [HIDDEN, HIDDEN]);
  assert.deepEqual(["of_the_extension", "ipft_kprobe_0"].map(visibility), [DEFAULT, DEFAULT]);
});

Deno.test("linkExtension keeps ipft's license, and takes only one that goes with it", () => {
  const linked = link(read("lifted"));
  const elf = new ElfObject(linked, "linked");
  const license = new TextDecoder().decode(elf.content(elf.section("license")!));
  assert.equal(license, "Dual BSD/GPL\0");
  const proprietary = broken("lifted", (_, elf, bytes) => {
    bytes.set(new TextEncoder().encode("MIT"), elf.section("license")!.offset);
  });
  assertRefused(
    proprietary,
    'its license is "MIT", but ipft calls helpers that are GPL-only',
    'use one of "GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", ' +
      '"Dual MPL/GPL"',
  );
});

Deno.test("linkExtension leaves its argument as it was, and no file open", () => {
  const files = () => Array.from(Deno.readDirSync("/proc/self/fd")).length;
  const elf = read("lifted"), clash = read("clash");
  link(elf);
  const before = files();
  link(elf);
  assert.throws(() => link(clash), IpftError);
  assert.equal(files(), before);
  assert.deepEqual(elf, read("lifted"));
});

Deno.test("linkExtension says what is not an object of BPF", () => {
  const text = new TextEncoder().encode("#include <linux/types.h>");
  assertRefused(new Uint8Array(), "it is empty", COMPILE);
  assertRefused(text, "it is not an ELF object", COMPILE);
  const header = { byteOrder: 5, class: 4, type: 0x10, machine: 0x12 };
  assertRefused(
    broken(MANUAL, (view) => view.setUint16(header.machine, 62, true)),
    "it is compiled for x86-64, not for BPF",
    COMPILE,
  );
  assertRefused(
    broken(MANUAL, (view) => view.setUint16(header.machine, 8, true)),
    "it is compiled for ELF machine 8, not for BPF",
    COMPILE,
  );
  const bigEndian = broken(MANUAL, (view) => {
    view.setUint8(header.byteOrder, 2);
    view.setUint16(header.machine, 247);
  });
  assertRefused(bigEndian, "it is compiled for big-endian BPF", COMPILE);
  assertRefused(
    broken(MANUAL, (view) => view.setUint16(header.type, 2, true)),
    "it is not relocatable (ELF type 2)",
    COMPILE,
  );
  assertRefused(
    broken(MANUAL, (view) => view.setUint8(header.class, 1)),
    "it is a damaged ELF object: it is not a 64-bit one",
    "compile it again",
  );
});

Deno.test("linkExtension says what is wrong with the symbol module", () => {
  const [STATIC_FUNCTION, GLOBAL_OBJECT] = [0x02, 0x11];
  const nameless = broken(MANUAL, (view, elf) => {
    view.setUint32(symbol(elf, "module").offset, 0, true);
  });
  assertRefused(nameless, "it has no function module", DEFINE);
  const undefinedSection = broken(MANUAL, (view, elf) => {
    view.setUint16(symbol(elf, "module").offset + SYMBOL_SECTION, 0, true);
  });
  assertRefused(undefinedSection, "it has no function module", DEFINE);
  const variable = broken(MANUAL, (view, elf) => {
    view.setUint8(symbol(elf, "module").offset + SYMBOL_INFO, GLOBAL_OBJECT);
  });
  assertRefused(variable, "its module is not a function", DEFINE);
  const local = broken(MANUAL, (view, elf) => {
    view.setUint8(symbol(elf, "module").offset + SYMBOL_INFO, STATIC_FUNCTION);
  });
  assertRefused(local, "its module() is static", "remove `static`");
  const program = broken("lifted", (view, elf) => {
    const { section } = symbol(elf, "of_the_extension");
    view.setUint16(symbol(elf, "module").offset + SYMBOL_SECTION, section, true);
  });
  assertRefused(program, "its module() is in section socket", "remove its SEC()");
});

Deno.test("linkExtension says that BTF is missing, or what module is in it", () => {
  const withoutBtf = broken(MANUAL, (view, elf) => {
    const noName = view.getUint32(elf.sections[0].header + SECTION_NAME, true);
    view.setUint32(elf.section(".BTF")!.header + SECTION_NAME, noName, true);
  });
  assertRefused(withoutBtf, "it has no BTF", COMPILE);
  const another = broken(MANUAL, (_, elf, bytes) => {
    const { offset, sizeBytes } = elf.section(".BTF")!;
    const text = new TextDecoder("latin1").decode(bytes.subarray(offset, offset + sizeBytes));
    bytes[offset + text.indexOf("\0sk_buff\0") + 1] = "S".charCodeAt(0);
  });
  assertRefused(
    another,
    "its signature is int module(void *, struct Sk_buff *, uint8_t *)",
    "it must be int module(void *ctx, struct sk_buff *skb, uint8_t data[64])",
  );
});

Deno.test("linkExtension names what the extension and ipft both define", () => {
  assertRefused(read("clash"), "ipft_state is a name of ipft's own", "choose another name");
});

Deno.test("linkExtension passes on what libbpf's linker says", () => {
  const relocated = broken("lifted", (view, elf) => {
    const RELOCATION_TYPE = 8;
    view.setUint32(elf.section(".rel.text")!.offset + RELOCATION_TYPE, 77, true);
  });
  assert.throws(
    () => link(relocated),
    /^IpftError: cannot use the extension from emit of foo.lua: libbpf cannot link it: ELF relo #0 in section #\d+ has unexpected type 77 in it$/,
  );
});

Deno.test("linkExtension refuses what would lead libbpf's linker astray", () => {
  const refusals: [RegExp, Parameters<typeof broken>[1]][] = [
    [
      /\.rel\.text relocates byte 65536 of \.text; compile it again$/,
      (view, elf) => view.setUint32(elf.section(".rel.text")!.offset, 65536, true),
    ],
    [
      /symbol \d+ is in section 65281; compile it again$/,
      (view, elf) => {
        view.setUint16(symbol(elf, "module").offset + SYMBOL_SECTION, 0xff01, true);
      },
    ],
    [
      /its sections have no names; compile it again$/,
      (view, elf) => view.setUint32(elf.section(".strtab")!.header + SECTION_TYPE, 132, true),
    ],
    [
      /section \d+ is aligned to 1073741824 bytes; compile it again$/,
      (view, elf) => {
        const { header } = elf.section(".rodata")!;
        view.setBigUint64(header + SECTION_ALIGNMENT, 1n << 30n, true);
      },
    ],
  ];
  for (const [message, change] of refusals) {
    assert.throws(() => link(broken("lifted", change)), message);
  }
});

Deno.test("prepareExtension throws nothing but an IpftError, however its object is damaged", () => {
  const reserved = new Set(["ipft_state"]);
  const objects = ["lifted", MANUAL].map(read);
  // Not fc.double: most of its numbers are next to 0.
  const part = fc.nat(2 ** 20 - 1).map((number) => number / 2 ** 20);
  const damage = fc.record({
    object: fc.constantFrom(...objects),
    changes: fc.array(
      fc.record({
        at: part,
        value: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.integer({ min: 0, max: 255 })),
      }),
      { maxLength: 5 },
    ),
    kept: fc.oneof({ arbitrary: fc.constant(1), weight: 4 }, fc.double({ min: 0, max: 1 })),
  });
  let prepared = 0;
  fc.assert(
    fc.property(damage, ({ object, changes, kept }) => {
      const bytes = object.slice(0, Math.floor(object.length * kept));
      for (const { at, value } of changes) bytes[Math.floor(at * bytes.length)] = value;
      try {
        prepareExtension({ elf: bytes, source: SOURCE }, reserved);
        prepared++;
      } catch (error) {
        assert(error instanceof IpftError, `${error}`);
      }
    }),
    { seed: 4, numRuns: 3000 },
  );
  assert(prepared > 500, `only ${prepared} got to the end`);
});
