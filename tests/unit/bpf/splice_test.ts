import assert from "node:assert/strict";
import { readBpfObject } from "../../../lib/bpf/object_file.ts";
import { withBody } from "../../../lib/bpf/splice.ts";
import { ElfObject } from "../../../lib/btf/elf_object.ts";
import { BpfObject } from "../../../lib/ffi/libbpf.ts";
import { LibbpfLog } from "../../../lib/ffi/log.ts";
import { extensionLinker } from "../../../lib/extension/link.ts";
import { decode, encode } from "../../support/instructions.ts";

const NAME = "ipft_filter", MOVE = 0xb7, CALL = 0x85, EXIT = 0x95, PSEUDO_CALL = 1;
const OBJECTS = ["tracer", "tracer_extension"] as const;

/** Where the function is in .text, in bytes, and the size of .text. */
function place(elf: Uint8Array) {
  const object = new ElfObject(elf, "test");
  const { offset } = object.symbols.find(({ name }) => name === NAME)!;
  const view = new DataView(elf.buffer, elf.byteOffset);
  const [start, size] = [8, 16].map((at) => Number(view.getBigUint64(offset + at, true)));
  return { start, end: start + size, textBytes: object.section(".text")!.sizeBytes };
}

/** Byte offsets in .text that .BTF.ext has a line of the source for (include/uapi/linux/btf.h). */
function linesOfText(elf: Uint8Array): number[] {
  const object = new ElfObject(elf, "test");
  const { buffer, byteOffset, byteLength } = object.content(object.section(".BTF.ext")!);
  const view = new DataView(buffer, byteOffset, byteLength);
  const u32 = (at: number) => view.getUint32(at, true);
  const strings = object.content(object.section(".BTF")!);
  const btf = new DataView(strings.buffer, strings.byteOffset);
  const names = btf.getUint32(4, true) + btf.getUint32(16, true);
  const header = u32(4), begin = header + u32(16), recordBytes = u32(begin);
  for (let at = begin + 4; at < begin + u32(20);) {
    const [name, count] = [u32(at), u32(at + 4)];
    at += 8;
    const text = new TextDecoder().decode(strings.subarray(names + name, names + name + 6));
    if (text === ".text\0") {
      return Array.from({ length: count }, (_, i) => u32(at + i * recordBytes));
    }
    at += count * recordBytes;
  }
  throw new Error("no lines of .text");
}

/** Links an extension of tests/scripts. */
function linker(name: string) {
  const elf = Deno.readFileSync(new URL(`../../scripts/${name}.bpf.o`, import.meta.url));
  return extensionLinker({ elf, source: name });
}

const body = (length: number) =>
  encode([
    ...Array.from({ length: length - 1 }, (_, i) => ({ code: MOVE, immediate: i })),
    { code: EXIT },
  ]);

Deno.test("ipft_filter is the last function of .text, with one line at its first instruction", () => {
  for (const name of OBJECTS) {
    const elf = readBpfObject(name);
    const { start, end, textBytes } = place(elf);
    assert.equal(end, textBytes);
    assert.deepEqual(linesOfText(elf).filter((line) => line >= start), [start]);
  }
});

Deno.test("withBody gives ipft_filter a body of any length, and libbpf opens the object", () => {
  for (const length of [1, 2, 700]) {
    const elf = readBpfObject("tracer"), before = place(elf);
    const changed = withBody(elf, NAME, body(length));
    const after = place(changed);
    assert.deepEqual([after.start, after.end], [before.start, before.start + length * 8]);
    assert.equal(after.textBytes, after.end);
    const object = new ElfObject(changed, "test"), text = object.content(object.section(".text")!);
    assert.deepEqual(text.slice(after.start), body(length));
    const original = new ElfObject(elf, "test");
    const old = original.content(original.section(".text")!);
    assert.deepEqual(text.slice(0, after.start), old.slice(0, before.start));
    new BpfObject(changed, "tracer")[Symbol.dispose]();
  }
});

Deno.test("the kernel takes the types and lines of all that is loaded", async () => {
  const extension = linker("lifted");
  const images = [
    readBpfObject("tracer"),
    withBody(readBpfObject("tracer"), NAME, body(300)),
    extension(withBody(readBpfObject("tracer_extension"), NAME, body(300))),
  ];
  for (const image of images) {
    using log = new LibbpfLog();
    using object = new BpfObject(image, "ipft");
    for (const program of object.programs()) program.autoload = false;
    assert.equal(await object.load(), 0);
    assert.deepEqual(log.lines, []);
  }
});

Deno.test("withBody leaves the object as it was", () => {
  const elf = readBpfObject("tracer");
  withBody(elf, NAME, body(99));
  assert.deepEqual(elf, readBpfObject("tracer"));
});

Deno.test("an extension is linked behind a body that was put in", () => {
  const source = "lifted", link = linker(source);
  const linked = link(withBody(readBpfObject("tracer_extension"), NAME, body(300)));
  const { start, end, textBytes } = place(linked);
  assert.equal(end - start, 300 * 8);
  assert.ok(textBytes > end);
  const object = new ElfObject(linked, source);
  const text = object.content(object.section(".text")!);
  assert.deepEqual(text.slice(start, end), body(300));
  using opened = new BpfObject(linked, source);
  const calls = decode(opened.program("ipft_kprobe_0").instructions())
    .filter(({ code, source }) => code === CALL && source === PSEUDO_CALL);
  // The followed packet, the conditions, the expression, the count of those undecided, and the hit.
  assert.equal(calls.length, 5);
});

Deno.test("withBody refuses a function that is not the last one", () => {
  assert.throws(
    () => withBody(readBpfObject("tracer"), "hit", body(1)),
    /not at the end of \.text/,
  );
});
