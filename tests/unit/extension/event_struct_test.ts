import assert from "node:assert/strict";
import fc from "fast-check";
import { DATA_BYTES } from "../../../lib/event/section.ts";
import { IpftError } from "../../../lib/base/errors.ts";
import { EventStruct } from "../../../lib/extension/event_struct.ts";
import { prepareExtension } from "../../../lib/extension/prepare.ts";
import { openObject } from "../../../lib/extension/open_object.ts";
import { GROUP_EVENTS } from "../../../lib/event/fields.ts";
import { StructReader } from "../../../lib/extension/struct_reader.ts";
import { EXPECTED } from "../../extensions/expected.ts";
import { Bytes } from "../../support/bytes.ts";
import { type Format, type Renderer, renderer } from "../../support/renderer.ts";

/** What module() of the extension of that name fills its data with. */
const DATA: Readonly<Record<string, Uint8Array<ArrayBuffer>>> = {
  types: new Bytes()
    .u64(0xffff_ffff_ffff_ffffn).u64(-(2n ** 53n)).u32(0xffffffff).u32(0x80000000)
    .u16(0xffff).u16(0x8000).u8(255).u8(0x80).u8(1).text("x").text('ab"\x1b\0\0\0\0').u32(-1)
    .u32(0xfffff << 12 | 2 << 9 | 1 << 8 | 0x10 << 3 | 5)
    .u64(0x1000n).u16(0xffff).u16(2).u8(1, 2, 3, 4).event,
  formats: new Bytes()
    .u8(192, 0, 2, 1).u8(0x52, 0x54, 0, 0x12, 0x34, 0x56).u8(0, 80)
    .u8(0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1).u32(-2).u16(17).u8(10)
    .text("A").u8(0, 80, 1, 0xbb).u64(0xffff_ffff_81a3_c004n).u8(8, 0).u8(64, 0x10).u8(7, 0)
    .u16(0x112).event,
  nested: new Bytes()
    .u64(0n).u64(1n << 36n).text("one\0").u8(0, 80).text("four").u8(1, 0xbb)
    .u8(1, 2, 3, 4, 5, 255).text("ab\0cde")
    .u64(BigInt.asUintN(21, -3n) << 43n | 0xfedcba9876n << 3n | 5n)
    .u8(127, 0, 0, 1, 255, 255, 255, 255).event,
};

const COMPILERS = ["", ".newest"];

function object(name: string): Uint8Array<ArrayBuffer> {
  return Deno.readFileSync(new URL(`../../extensions/${name}.bpf.o`, import.meta.url));
}

function rendererOf(name: string, format: Format, elf = object(name)): Renderer {
  const event = new EventStruct(openObject({ elf, source: name }).btf, name);
  const symbolName = (address: bigint) => `ip_rcv+0x${(address & 0xfffn).toString(16)}`;
  return renderer((writer) => new StructReader(event, writer, symbolName), format);
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** The fields of one event. */
function text(renderer: Renderer, data: Uint8Array<ArrayBuffer>): string {
  return decoder.decode(renderer.render(data)[0]);
}

const FORMATS = ["text", "json"] as const;

for (const [name, expected] of Object.entries(EXPECTED)) {
  for (const compiler of COMPILERS) {
    Deno.test(`the members of ${name}${compiler} are shown as their types and tags say`, () => {
      assert.equal(text(rendererOf(name + compiler, "text"), DATA[name]), ` ${expected.text}`);
      const json = text(rendererOf(name + compiler, "json"), DATA[name]);
      assert.deepEqual(JSON.parse(`{"x":0${json}}`), { x: 0, ...expected.json as object });
    });
  }

  Deno.test(`whatever ${name} holds is shown the same of either compiler's object`, () => {
    const [[one, oneJson], [other, otherJson]] = COMPILERS.map((compiler) =>
      FORMATS.map((format) => rendererOf(name + compiler, format))
    );
    const data = fc.uint8Array({ minLength: DATA_BYTES, maxLength: DATA_BYTES })
      .map((bytes) => Uint8Array.from(bytes));
    fc.assert(fc.property(data, (data) => {
      const line = text(one, data);
      // deno-lint-ignore no-control-regex
      assert.doesNotMatch(line, /[\x00-\x1f\x7f-\x9f]/);
      assert.equal(line, text(other, data));
      const json = text(oneJson, data);
      assert.equal(json, text(otherJson, data));
      assert.equal(Object.keys(JSON.parse(`{"x":0${json}}`)).length, keyCount(name));
    }));
  });
}

function keyCount(name: string): number {
  return Object.keys(EXPECTED[name].json as object).length + 1;
}

Deno.test("a call reads each event of a batch, whatever the one before it held", () => {
  const types = rendererOf("types", "text");
  const batch = new Uint8Array(GROUP_EVENTS * DATA_BYTES);
  for (let i = 0; i < GROUP_EVENTS; i++) {
    batch.set(new Bytes().u64(BigInt(i)).event, i * DATA_BYTES);
  }
  types.render(batch).forEach((bytes, i) => {
    assert.match(decoder.decode(bytes), new RegExp(`^ \\( u64: ${i} s64: 0 `));
  });
  assert.equal(types.render(batch.subarray(0, DATA_BYTES)).length, 1);
  assert.equal(types.failures, 0);
});

Deno.test("no damage to an extension's object leads to anything but an IpftError", () => {
  const objects = ["types", "formats", "nested", "hidden"].map(object);
  // Not fc.double: most of its numbers are next to 0.
  const part = fc.nat(2 ** 20 - 1).map((number) => number / 2 ** 20);
  const damage = fc.record({
    object: fc.constantFrom(...objects),
    // Most of an object is debug information that nobody reads: what is changed is in its BTF, or anywhere.
    changes: fc.array(
      fc.record({
        isInBtf: fc.boolean(),
        at: part,
        value: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.integer({ min: 0, max: 255 })),
      }),
      { minLength: 1, maxLength: 5 },
    ),
  });
  let shown = 0, refused = 0;
  fc.assert(
    fc.property(damage, fc.constantFrom(...FORMATS), ({ object, changes }, format) => {
      const { btfSection: { offset, sizeBytes } } = openObject({ elf: object, source: "object" });
      const bytes = object.slice();
      for (const { isInBtf, at, value } of changes) {
        bytes[isInBtf ? offset + Math.floor(at * sizeBytes) : Math.floor(at * bytes.length)] =
          value;
      }
      try {
        text(rendererOf("damaged", format, bytes), new Uint8Array(DATA_BYTES).fill(0x41));
        prepareExtension({ elf: bytes, source: "damaged" }, new Set());
        shown++;
      } catch (error) {
        assert(error instanceof IpftError, `${(error as Error).stack}`);
        assert(!error.message.includes("\n"));
        refused++;
      }
    }),
    { seed: 5, numRuns: 4000 },
  );
  assert(shown > 500 && refused > 500, `${shown} shown, ${refused} refused`);
});
