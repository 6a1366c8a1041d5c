import assert from "node:assert/strict";
import { DATA_BYTES } from "../../../lib/event/section.ts";
import { LuaScript } from "../../../lib/lua/script.ts";
import { BpfExtension } from "../../../lib/extension/bpf_extension.ts";
import { compileExtension } from "../../../lib/extension/compile.ts";
import { TEMPLATES } from "../../../lib/extension/templates.ts";
import { Bytes } from "../../support/bytes.ts";
import { type Format, renderer } from "../../support/renderer.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("every template ends with one newline", () => {
  for (const template of Object.values(TEMPLATES)) assert.match(template, /[^\n]\n$/);
});

Deno.test("the skeleton is an extension as it is", async () => {
  const path = await Deno.makeTempFile({ suffix: ".c" });
  await Deno.writeTextFile(path, TEMPLATES["bpf-module-skeleton"]);
  using extension = await BpfExtension.compile(path, (warning) => assert.fail(warning));
  const event = new Bytes().u32(84).u32(1234).u8(8, 0).event;
  const openFields = await extension.openFields();
  const line = (format: Format) => text(renderer(openFields, format).render(event)[0]);
  assert.equal(line("text"), " ( len: 84 mark: 0x4d2 protocol: 0x800 )");
  assert.equal(line("json"), ',"len":84,"mark":1234,"protocol":2048');
  await Deno.remove(path);
});

Deno.test("the script runs as it is, and with the skeleton once its emit is uncommented", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/script.lua`;
  await Deno.writeTextFile(path, TEMPLATES["lua-script"]);
  let printed = "";
  const write = (bytes: Uint8Array) => void (printed += text(bytes));
  const fail = (error: Error) => {
    throw error;
  };
  using script = await LuaScript.load(path, { write: fail as never, writeError: write });
  assert.equal(script.object(), undefined);
  await script.run(() => {
    const [bytes] = renderer(script.openFields(fail)!, "text").render(new Uint8Array(DATA_BYTES));
    assert.equal(text(bytes), " ( len: 0 mark: 0x0 )");
    return Promise.resolve();
  }, fail);
  assert.equal(printed, "1 events formatted\n");

  const object = `${folder}/extension.bpf.o`;
  const source = `${folder}/extension.bpf.c`;
  await Deno.writeTextFile(source, TEMPLATES["bpf-module-skeleton"]);
  const { elf } = await compileExtension(source);
  await Deno.writeFile(object, elf);
  const withEmit = TEMPLATES["lua-script"].replaceAll(
    /^-- (function emit| {2}return io|end$)/gm,
    "$1",
  )
    .replace("extension.bpf.o", object);
  await Deno.writeTextFile(path, withEmit);
  using second = await LuaScript.load(path, { write: fail as never, writeError: write });
  assert.deepEqual(second.object()!.elf, elf);
  const event = new Bytes().u32(84).u32(1234).u8(8, 0).event;
  const [bytes] = renderer(second.openFields(fail)!, "text").render(event);
  assert.equal(text(bytes), " ( len: 84 mark: 0x4d2 )");
  await Deno.remove(folder, { recursive: true });
});
