import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteBuilder } from "../../../lib/base/byte_builder.ts";
import { IpftError } from "../../../lib/base/errors.ts";
import {
  joinedLines,
  jsonString,
  printable,
  printableBytes,
  printableLineBytes,
  printableLines,
} from "../../../lib/base/printable.ts";
import { JsonFields } from "../../../lib/output/fields/json_fields.ts";
import { TextFields } from "../../../lib/output/fields/text_fields.ts";

// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x1f\x7f-\x9f]/;
// deno-lint-ignore no-control-regex
const CONTROL_IN_LINES = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/;

const BYTES = fc.uint8Array({ maxLength: 40 });
/** Any text; control characters are more frequent than by chance. */
const TEXT = fc.array(
  fc.oneof(
    fc.string({ unit: "binary", maxLength: 3 }),
    fc.integer({ max: 0x9f, min: 0 }).map((code) => String.fromCharCode(code)),
  ),
).map((parts) => parts.join(""));

const decode = (bytes: Uint8Array) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);

Deno.test("printable shows control characters by their codes, and nothing else differently", () => {
  assert.equal(
    printable("a\x1b[2J\x07\r\n\t\x7f\x9b ä🐧"),
    "a\\x1b[2J\\x07\\x0d\\x0a\\x09\\x7f\\x9b ä🐧",
  );
  assert.equal(printableLines("a\tb\nc\r\x1b"), "a\tb\nc\\x0d\\x1b");
  assert.equal(printableBytes(Uint8Array.of(0x41, 0x1b, 0xff, 0x9b)), "A\\x1b\\xff\\x9b");
  assert.equal(decode(printableLineBytes(Uint8Array.of(0x41, 0x0a, 0x09, 0xff))), "A\n\t\\xff");
});

Deno.test("no bytes and no text bring a control character to a terminal", () => {
  fc.assert(fc.property(BYTES, TEXT, (bytes, text) => {
    assert.doesNotMatch(printable(text), CONTROL);
    assert.doesNotMatch(printableLines(text), CONTROL_IN_LINES);
    assert.doesNotMatch(printableBytes(bytes), CONTROL);
    const lines = printableLineBytes(bytes);
    assert.doesNotMatch(new TextDecoder("utf-8", { fatal: true }).decode(lines), CONTROL_IN_LINES);
    assert.doesNotMatch(new IpftError(text, text).message, CONTROL);
    const out = new ByteBuilder();
    out.appendPrintable(bytes, 0, bytes.length);
    assert.doesNotMatch(decode(out.bytes), CONTROL);
  }));
});

Deno.test("TextFields for a terminal have no control characters but lines of dump; others are as they are", () => {
  fc.assert(fc.property(BYTES, TEXT, (bytes, text) => {
    const written = (isForTerminal: boolean) => {
      const writer = new TextFields(isForTerminal);
      writer.field(writer.encodeName(bytes));
      writer.text(bytes, 0, bytes.length);
      writer.field(writer.encodeName(bytes));
      writer.constant(writer.encodeText(text));
      writer.field(writer.encodeName(bytes));
      writer.constant(writer.encodeSet([text, text], text));
      writer.failure("decode", bytes, 0, bytes.length);
      writer.endEvent();
      return writer.bytes;
    };
    assert.doesNotMatch(decode(written(true)), CONTROL);
    const plain = new TextFields();
    plain.text(bytes, 0, bytes.length);
    assert.deepEqual(plain.bytes, bytes);
    const dump = new TextFields(true);
    dump.dump(bytes, 0, bytes.length);
    assert.doesNotMatch(decode(dump.bytes), CONTROL_IN_LINES);
  }));
});

Deno.test("JsonFields are valid JSON of printable characters, whatever the bytes", () => {
  fc.assert(fc.property(BYTES, TEXT, (bytes, text) => {
    assert.equal(JSON.parse(jsonString(text)), text);
    assert.doesNotMatch(jsonString(text), CONTROL);
    const writer = new JsonFields();
    writer.field(writer.encodeName(bytes));
    writer.text(bytes, 0, bytes.length);
    writer.field(writer.encodeName(new TextEncoder().encode("set")));
    writer.constant(writer.encodeSet([text, text]));
    writer.failure("decode", bytes, 0, bytes.length);
    writer.endEvent();
    const json = new TextDecoder("utf-8", { fatal: true }).decode(writer.bytes);
    assert.doesNotMatch(json, CONTROL);
    JSON.parse(`{"first":1${json}}`);
  }));
});

Deno.test("joinedLines joins lines with one space", () => {
  assert.equal(joinedLines("bad  \n\t event\r\nhere"), "bad event here");
});
