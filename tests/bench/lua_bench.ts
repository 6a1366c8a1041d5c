/**
 * How many events a second a script formats: from 64 bytes in a batch to a JavaScript string for each.
 *
 *     make bench
 */
import { DATA_BYTES } from "../../lib/bpf/event.ts";
import { LuaScript } from "../../lib/lua/script.ts";

/** As many events as a sink formats in one call. */
const BATCH = 256;
const BATCHES = 400;

const SCRIPTS = {
  "dump of the manual": `function dump(data)
    mark = string.unpack("=I4", data)
    return string.format("(mark: 0x%x)", mark)
  end`,
  "dump of a constant": `function dump(data) return "constant" end`,
  "decode, three fields": `function decode(data)
    local mark, len, queue = string.unpack("=I4I4I2", data)
    return { mark = mark, len = len, queue = queue }
  end`,
};

const batch = new Uint8Array(BATCH * DATA_BYTES);
for (let i = 0; i < BATCH; i++) batch.set([0xef, 0xbe, 0xad, i, 1, 2], i * DATA_BYTES);

const decoder = new TextDecoder();
const path = await Deno.makeTempFile({ suffix: ".lua" });

for (const [name, source] of Object.entries(SCRIPTS)) {
  await Deno.writeTextFile(path, `api_version = 1\n${source}`);
  const quiet = { write: () => {}, writeError: () => {} };
  const script = await LuaScript.load(path, quiet);
  for (const format of ["text", "json"] as const) {
    const formatter = script.formatter(format, (error) => {
      throw error;
    })!;
    Deno.bench(`${name}, ${format}, ${BATCH * BATCHES} events`, { group: name }, () => {
      let length = 0;
      for (let i = 0; i < BATCHES; i++) {
        const { bytes, ends } = formatter.format(batch);
        const text = decoder.decode(bytes);
        for (let event = 0, start = 0; event < BATCH; event++) {
          length += text.slice(start, ends[event]).length;
          start = ends[event];
        }
      }
      if (length === 0) throw new Error("nothing was formatted");
    });
  }
}
