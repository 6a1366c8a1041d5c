/** Holds the two renderings of fields against the lines that tests/support/golden/ has of them. */
import assert from "node:assert/strict";
import type { OpenFields } from "../../../lib/event/fields.ts";
import { DATA_BYTES } from "../../../lib/event/section.ts";
import { BpfExtension } from "../../../lib/extension/bpf_extension.ts";
import { LuaScript } from "../../../lib/lua/script.ts";
import recorded from "../../support/golden/recorded.json" with { type: "json" };
import { type Format, renderer } from "../../support/renderer.ts";

const GOLDEN = "tests/support/golden";

/** The columns of a row that are used here. */
const IS_RETURN = recorded.columns.indexOf("is_return"), DATA = recorded.columns.indexOf("data");

const entries = recorded.rows.filter((row) => row[IS_RETURN] === 0)
  .map((row) => Uint8Array.fromHex(String(row[DATA]).padEnd(2 * DATA_BYTES, "0")));

/** Each line must end with the fields of its event, behind the name of the function. */
function assertLinesEndWith(fields: readonly string[], name: string, isJson: boolean): void {
  const text = Deno.readTextFileSync(`${GOLDEN}/${name}.txt`);
  const lines = text.trimEnd().split("\n").slice(isJson ? 0 : 1);
  assert.equal(lines.length, fields.length);
  fields.forEach((fields, i) => {
    const line = isJson ? lines[i].replace(/\}$/, "") : lines[i];
    const start = isJson ? /^.*?"is_return":false/ : /^ *\d+ +\d+ 0x\w+ +\w+ +[\w.]+/;
    assert.equal(line.replace(start, ""), fields, `line ${i + 1} of ${name}`);
  });
}

function assertGolden(openFields: OpenFields, name: string): void {
  for (const [format, sink] of [["text", "stream"], ["json", "json"]] as [Format, string][]) {
    const { render } = renderer(openFields, format);
    const fields: string[] = [];
    const CALL = 100;
    for (let start = 0; start < entries.length; start += CALL) {
      const events = entries.slice(start, start + CALL);
      const data = new Uint8Array(events.length * DATA_BYTES);
      events.forEach((event, i) => data.set(event, i * DATA_BYTES));
      fields.push(...render(data).map((bytes) => new TextDecoder().decode(bytes)));
    }
    assertLinesEndWith(fields, `${sink}.${name}`, format === "json");
  }
}

Deno.test("the fields of an extension in C are what they were", async () => {
  using extension = BpfExtension.read("examples/bpf/len/len.bpf.o");
  assertGolden(await extension.openFields(), "extension");
});

for (const name of ["dump", "decode"]) {
  Deno.test(`what a script's ${name} says is what it was`, async () => {
    // By this path, as the messages among the lines have it.
    using script = await LuaScript.load(`${GOLDEN}/${name}.lua`, {
      write: () => {},
      writeError: () => {},
    });
    const openFields = script.openFields(() => {});
    assert(openFields !== undefined);
    assertGolden(openFields, name);
  });
}
