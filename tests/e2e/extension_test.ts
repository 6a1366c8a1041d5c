import assert from "node:assert/strict";
import { EVENT_FIELDS } from "../../lib/event/fields.ts";
import { EXPECTED } from "../extensions/expected.ts";
import { parseEvents } from "../support/json_schema.ts";
import { ipft, noneLost, options, ping, Trace, workingBackends } from "./ipft.ts";

const MARK = 0x1d2;
const [backend] = await workingBackends();

const object = (name: string) => `tests/extensions/${name}.bpf.o`;

/** Returns what a trace of one ping prints with an extension. */
async function traced(extension: string, ...more: string[]): Promise<string> {
  await using trace = await Trace.start(
    ...["-m", String(MARK), "-e", extension, ...options(backend), ...more],
  );
  await ping(MARK, "-c", "1");
  const { code, stdout, stderr } = await trace.stop();
  assert.equal(code, 0, stderr);
  assert.match(stderr, new RegExp(`^\\d+ events in .*, ${noneLost(backend)}$`, "m"));
  return stdout.trimEnd();
}

for (const [name, expected] of Object.entries(EXPECTED)) {
  Deno.test(`${name}: what module() fills in is shown by types and tags`, async () => {
    const [header, ...lines] = (await traced(object(name))).split("\n");
    assert.match(header, /Function$/);
    assert(lines.length >= 5);
    for (const line of lines) {
      assert(line === "===" || line.endsWith(` ${expected.text}`), line);
    }
  });
}

/** What an event has in each trace. */
const OWN_FIELDS: ReadonlySet<string> = new Set([
  ...EVENT_FIELDS,
  ...["packet", "parent", "packet_origin", "merged_into"],
]);

Deno.test("with -o json the members are fields of each event", async () => {
  const events = parseEvents(`${await traced(object("types.newest"), "-o", "json")}\n`);
  assert(events.length >= 5);
  for (const event of events as object[]) {
    const fields = Object.entries(event).filter(([name]) => !OWN_FIELDS.has(name));
    assert.deepEqual(Object.fromEntries(fields), EXPECTED.types.json);
  }
});

Deno.test("the templates trace without changes", async () => {
  const shown = "( len: 84 mark: 0x1d2 protocol: 0x800 )";
  const skeleton = await traced("lib/extension/templates/extension.bpf.o");
  assert(skeleton.includes(`ip_output ${shown}`), skeleton);
  const path = await Deno.makeTempFile({ suffix: ".lua" });
  await Deno.writeTextFile(path, (await ipft("--gen", "lua-script")).stdout);
  const script = await traced(path);
  assert.match(script, / ip_output \( len: 0 mark: 0x0 \)$/m);
  await Deno.remove(path);
});

Deno.test("function_graph shows data at returns, too", async () => {
  const more = ["-t", "function_graph", "-r", "^ip_(rcv|output)$", "-o", "json"];
  const graph = (await workingBackends()).includes("kprobe-multi") ? "kprobe-multi" : "ftrace";
  await using trace = await Trace.start(
    ...["-m", String(MARK), "-e", object("hidden"), "-b", graph, ...more],
  );
  await ping(MARK, "-c", "1");
  const events = await trace.events() as unknown as Record<string, unknown>[];
  const of = (name: string) =>
    events.filter((event) => event.function === name).map((event) => event.is_return);
  assert.deepEqual(of("ip_rcv"), [false, true]);
  for (const { len, mark, pkt_type, is_return } of events) {
    assert.equal(pkt_type, "outgoing");
    // At the return, the skb may have been freed and belong to another packet.
    if (!is_return) assert.deepEqual([len, mark], [84, MARK]);
  }
});

Deno.test("an unusable extension ends ipft before anything is attached", async () => {
  const refused = async (path: string, message: RegExp) => {
    const { code, stderr } = await ipft("-m", "1", "-e", path);
    assert.match(stderr, message);
    assert.equal(code, 1);
    assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
  };
  await refused(
    "missing.o",
    /^ipft: cannot read the extension missing\.o: there is no such file$/m,
  );
  await refused(
    "examples/lua/mark/mark.bpf.o",
    /^ipft: cannot use the extension examples\S+: no struct is marked .*; include <ipft\.h>/,
  );
});
