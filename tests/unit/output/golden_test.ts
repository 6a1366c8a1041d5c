/** Outputs stay as they were, byte for byte. */
import type { OpenFields } from "../../../lib/event/fields.ts";
import type { Tracer } from "../../../lib/event/trace_header.ts";
import { BpfExtension } from "../../../lib/extension/bpf_extension.ts";
import { LuaScript } from "../../../lib/lua/script.ts";
import { TinyBound } from "../../support/tiny_bound.ts";
import { GOLDEN, rendered } from "../../support/recorded.ts";
import { assertSameText } from "../../support/sink_fixture.ts";

/** Files by their name: the format, and the tracer. */
const OUTPUTS: Readonly<Record<string, readonly [format: string, tracer: Tracer]>> = {
  aggregate: ["aggregate", "function"],
  graph: ["aggregate", "function_graph"],
  stream: ["stream", "function"],
  stream_graph: ["stream", "function_graph"],
  json: ["json", "function"],
  json_graph: ["json", "function_graph"],
};

async function assertGolden(output: string, suffix: string, openFields?: OpenFields) {
  const expected = await Deno.readTextFile(`${GOLDEN}/${output}${suffix}.txt`);
  assertSameText(await rendered(...OUTPUTS[output], openFields), expected);
  const spilt = await rendered(...OUTPUTS[output], openFields, new TinyBound(2000));
  assertSameText(spilt, expected);
}

for (const output of Object.keys(OUTPUTS)) {
  Deno.test(`the output ${output} is what it was`, () => assertGolden(output, ""));
}

const WITH_FIELDS = ["aggregate", "graph", "stream", "json"];

Deno.test("outputs with the fields of an extension are what they were", async () => {
  const extension = await BpfExtension.read("examples/bpf/len/len.bpf.o");
  const openFields = await extension.openFields();
  for (const output of WITH_FIELDS) await assertGolden(output, ".extension", openFields);
});

for (const name of ["dump", "decode"]) {
  Deno.test(`outputs with what a script's ${name} returns are what they were`, async () => {
    using script = await LuaScript.load(`${GOLDEN}/${name}.lua`, {
      write: () => {},
      writeError: () => {},
    });
    const openFields = script.openFields(() => {});
    for (const output of WITH_FIELDS) await assertGolden(output, `.${name}`, openFields);
  });
}
